//! The installed registry, alone in its process because there is only one.

use slo_tower::{SloRegistry, slo};

#[slo(operation = "installed", availability = 99%)]
fn work() {}

#[test]
fn calls_outside_of_any_scope_count_in_the_installed_registry() -> Result<(), Box<dyn std::error::Error>> {
    let good = |slos: &SloRegistry| slos.status().slos[0].total.good;
    work();
    let first = SloRegistry::builder("first").build()?.installed()?;
    let second = SloRegistry::builder("second").build()?;
    let refused = second.clone().installed().expect_err("the first one is installed");
    assert!(refused.to_string().starts_with("another registry is installed already"));
    work();
    assert_eq!((good(&first), good(&second)), (1, 0));
    drop(first);
    work();
    assert_eq!(good(&second), 0);
    let second = second.installed()?;
    work();
    assert_eq!(good(&second), 1);
    Ok(())
}
