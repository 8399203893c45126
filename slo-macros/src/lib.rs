//! x
mod ast;
mod attr;
mod expand;
mod text;
mod valid;

use proc_macro::TokenStream;

/// x
#[proc_macro_attribute]
pub fn slo(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(attribute.into(), &item.into()).into()
}
