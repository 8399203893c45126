#[slo(operation = "import", combined = 99% < 1s)]
fn import(mut lines: impl Iterator<Item = String>) -> io::Result<usize> {
    let first = lines.next().ok_or(io::ErrorKind::InvalidData)?;
    parse(&first)
}
