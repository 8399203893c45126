fn sync(&self) -> impl Future<Output = io::Result<()>> + Send + '_ {
    ::slo_tower::__private::call(
        ::slo_tower::__declare!(
            operation "sync", window : "30d", alerts : DEFAULT, labels : [], slos :
            ["sync-availability" : availability "99%"],
        ),
        move || {
            let connection = self.connect();
            async move { connection.sync().await }
        },
        ::slo_tower::__finish!(future),
    )
}
