#[slo(operation = "nightly-billing", availability = 99%, alerts = off)]
async fn bill(&mut self, month: &Month) -> Result<impl Display, BillingError> {
    #![allow(clippy::shadow_unrelated)]
    if month.is_empty() {
        return Ok(0);
    }
    Ok(self.send(month).await?)
}
