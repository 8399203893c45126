#[slo(operation = "serve", availability = 99%)]
fn serve() -> ! {
    loop {}
}
