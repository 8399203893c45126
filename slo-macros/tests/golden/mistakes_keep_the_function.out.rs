fn checkout() -> u8 {
    7
}
::core::compile_error! {
    "unknown key `windw`: write `window`"
}
::core::compile_error! {
    "objective \"100%\" leaves no error budget: write less, such as 99.9%"
}
::core::compile_error! {
    "threshold \"0ms\" is never met: write more than zero, such as 250ms"
}
