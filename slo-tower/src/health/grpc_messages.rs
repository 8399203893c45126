//! The messages of `grpc.health.v1`, as its definition has them.
//!
//! `tonic-health` has the same but for those of `List`, and brings a server with it that we would not use.

use std::collections::BTreeMap;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CheckRequest {
    /// Empty for the whole server.
    #[prost(string, tag = "1")]
    pub(super) service: String,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct CheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    status: i32,
}

impl From<ServingStatus> for CheckResponse {
    fn from(serving: ServingStatus) -> Self {
        Self { status: serving.into() }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct ListRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ListResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(super) statuses: BTreeMap<String, CheckResponse>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(super) enum ServingStatus {
    /// Never sent: the default of the format.
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    /// In answer to `Watch` only.
    ServiceUnknown = 3,
}
