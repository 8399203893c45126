fn serve() -> ! {
    let _operation = ::slo_tower::__private::Operation::start(
        ::slo_tower::__declare!(
            operation "serve", window : "30d", alerts : DEFAULT, labels : [], slos :
            ["serve-availability" : availability "99%"],
        ),
    );
    loop {}
}
