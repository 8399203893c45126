fn import(mut lines: impl Iterator<Item = String>) -> io::Result<usize> {
    ::slo_tower::__private::call(
        ::slo_tower::__declare!(
            operation "import", window : "30d", alerts : DEFAULT, labels : [], slos :
            ["import-combined" : combined "99%" < "1s"],
        ),
        move || -> io::Result<usize> {
            let first = lines.next().ok_or(io::ErrorKind::InvalidData)?;
            parse(&first)
        },
        ::slo_tower::__finish!(),
    )
}
