//! Examples of `slo-tower`; the runnable programs stand beside this file.
