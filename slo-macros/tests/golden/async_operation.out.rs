async fn bill(&mut self, month: &Month) -> Result<impl Display, BillingError> {
    #![allow(clippy::shadow_unrelated)]
    ::slo_tower::__private::start(
            ::slo_tower::__declare!(
                operation "nightly-billing", window : "30d", alerts : OFF, labels : [],
                slos : ["nightly-billing-availability" : availability "99%"],
            ),
            async move {
                if let ::core::option::Option::Some(value) = ::core::option::Option::None::<
                    Result<_, BillingError>,
                > {
                    return value;
                }
                if month.is_empty() {
                    return Ok(0);
                }
                Ok(self.send(month).await?)
            },
            ::slo_tower::__judge!(),
        )
        .await
}
