//! The tests that stand in the shop's own files. Cargo builds an example either to be run or to be tested, and
//! the other tests run it.

#[allow(dead_code, reason = "only some of it is tested by itself")]
#[path = "../shop/fault.rs"]
mod fault;
#[allow(dead_code, reason = "only some of it is tested by itself")]
#[path = "../shop/options.rs"]
mod options;
#[allow(dead_code, reason = "only some of it is tested by itself")]
#[path = "../shop/terminal.rs"]
mod terminal;
#[allow(dead_code, reason = "only some of it is tested by itself")]
#[path = "../shop/traffic.rs"]
mod traffic;
#[path = "../shop/welcome.rs"]
mod welcome;
