//! What `slo` costs, measured beside its peers.
