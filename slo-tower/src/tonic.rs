//! tonic: recorded services under their own names.

use tonic::server::NamedService;

use crate::record::{GrpcMethods, Record};

impl<S: NamedService> NamedService for Record<S, GrpcMethods> {
    const NAME: &'static str = S::NAME;
}
