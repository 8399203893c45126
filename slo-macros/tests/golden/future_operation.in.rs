#[slo(operation = "sync", availability = 99%)]
fn sync(&self) -> impl Future<Output = io::Result<()>> + Send + '_ {
    let connection = self.connect();
    async move { connection.sync().await }
}
