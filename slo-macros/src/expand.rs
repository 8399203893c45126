//! The annotated function, recording.
//!
//! What is written is short and safe: the declaration in the words of `slo_tower::__declare!`, and one call
//! of a function of `slo_tower::__private` around or before the body. Names are fully qualified and hygienic,
//! so that nothing in the user's scope can get between.
//!
//! The signature must never change, nor what `return`, `?`, borrows and auto traits mean in the body.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use slo_core::{AlertForm, LatencyEnd};
use syn::Type;

use crate::ast::{Function, Shape};
use crate::attr::{Attribute, Errors};
use crate::policy::{Policy, Rows};
use crate::valid::{Declaration, Promise, Subject};

/// Expands `#[slo(attribute)] item`; after a mistake, into the item as it was and the errors.
pub(crate) fn expand(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let attribute = Attribute::parse(attribute, &mut errors);
    let function = Function::parse(item.clone(), &mut errors);
    let declaration = Declaration::check(&attribute, function.as_ref(), &mut errors);
    match (errors.into_error(), function) {
        (None, Some(function)) => function.with_body(&recorded(&function, &declaration)),
        (error, _) => {
            let error = error.map(syn::Error::into_compile_error);
            quote!(#item #error)
        }
    }
}

/// Writes the body that records.
fn recorded(function: &Function, declaration: &Declaration) -> TokenStream {
    let here = Span::mixed_site();
    let Declaration { root, subject, .. } = declaration;
    let body = &function.body;
    let declared = declare(declaration);
    if matches!(subject, Subject::Handler { .. }) {
        return quote_spanned!(here=> #root::__private::mark(#declared); #body);
    }
    match function.shape() {
        Shape::Async => {
            let typed = typed(&function.output());
            quote_spanned! {here=>
                #root::__private::start(#declared, async move { #typed #body }, #root::__judge!()).await
            }
        }
        Shape::Future => quote_spanned! {here=>
            #root::__private::call(#declared, move || { #body }, #root::__finish!(future))
        },
        Shape::Call => {
            let output = function.output();
            quote_spanned! {here=>
                #root::__private::call(#declared, move || -> #output { #body }, #root::__finish!())
            }
        }
        Shape::Never => quote_spanned! {here=>
            let _operation = #root::__private::Operation::start(#declared);
            #body
        },
    }
}

/// Gives an `async` block its type, which `?` and `return` in it need to know and no syntax can say.
fn typed(output: &Type) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        if let ::core::option::Option::Some(value) = ::core::option::Option::None::<#output> {
            return value;
        }
    }
}

/// Writes the declaration for `__declare!`.
fn declare(declaration: &Declaration) -> TokenStream {
    let here = Span::mixed_site();
    let Declaration { root, name, subject, window, slices, alerts, labels, promises } = declaration;
    let subject = match subject {
        Subject::Operation => quote_spanned!(here=> operation #name),
        Subject::Handler { route: None } => quote_spanned!(here=> handler #name),
        Subject::Handler { route: Some(route) } => quote_spanned!(here=> handler #name at #route),
    };
    let (window, alerts) = (window.to_string(), policy(alerts));
    let slices = slices.map(|slices| slices.to_string());
    let slices = slices.map(|slices| quote_spanned!(here=> slices: #slices,));
    let labels = labels.iter().map(|(name, value)| quote_spanned!(here=> (#name, #value)));
    let promises = promises.iter().map(promise);
    quote_spanned! {here=>
        #root::__declare!(
            #subject,
            window: #window,
            #slices
            alerts: #alerts,
            labels: [#(#labels),*],
            slos: [#(#promises),*],
        )
    }
}

fn policy(policy: &Policy) -> TokenStream {
    let here = Span::mixed_site();
    let rows = match &policy.rows {
        Rows::Named(name, _) => Ident::new(name, here).to_token_stream(),
        Rows::Path(path) => quote_spanned!(here=> (#path)),
    };
    let floor = policy.bad_events_min.map(Literal::u64_unsuffixed);
    let floor = floor.map(|events| quote_spanned!(here=> min #events));
    let form = policy.form.map(|form| match form {
        AlertForm::Ratio => quote_spanned!(here=> by Ratio),
        AlertForm::Count => quote_spanned!(here=> by Count),
    });
    quote_spanned!(here=> #rows #floor #form)
}

fn promise(promise: &Promise) -> TokenStream {
    let here = Span::mixed_site();
    let Promise { name, sli, end, objective, .. } = promise;
    let (kind, objective) = (Ident::new(sli.kind(), here), objective.to_string());
    let threshold = sli.threshold().map(|threshold| threshold.to_string());
    let threshold = threshold.map(|threshold| quote_spanned!(here=> < #threshold));
    let end = match end {
        LatencyEnd::Usual => None,
        LatencyEnd::Head => Some(quote_spanned!(here=> to Head)),
        LatencyEnd::Body => Some(quote_spanned!(here=> to Body)),
    };
    quote_spanned!(here=> #name: #kind #objective #threshold #end)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Expands the one annotated item of a file.
    fn expansion(input: &Path) -> String {
        let text = fs::read_to_string(input).unwrap();
        let mut function: syn::ItemFn = syn::parse_str(&text).unwrap();
        let at = function.attrs.iter().position(|attribute| attribute.path().is_ident("slo")).unwrap();
        let attribute = function.attrs.remove(at);
        let attribute = attribute.meta.require_list().unwrap().tokens.clone();
        let output = syn::parse2(expand(attribute, &quote!(#function))).unwrap();
        prettyplease::unparse(&output)
    }

    fn files(ending: &str) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
        files.sort();
        files
    }

    #[test]
    fn expansions_are_the_golden_files() {
        let inputs = files(".in.rs");
        let golden = |input: &Path| PathBuf::from(input.to_string_lossy().replace(".in.rs", ".out.rs"));
        let update = std::env::var_os("UPDATE_GOLDEN").is_some();
        let mut different = Vec::new();
        for input in &inputs {
            let (golden, output) = (golden(input), expansion(input));
            if update {
                fs::write(&golden, &output).unwrap();
            }
            if fs::read_to_string(&golden).unwrap_or_default() != output {
                different.push(format!("{} should be:\n{output}", golden.display()));
            }
        }
        assert!(different.is_empty(), "{}\nUPDATE_GOLDEN=1 accepts this", different.join("\n"));
        // Each input has its output, and no output is left of an input that is gone.
        let expected: Vec<_> = inputs.iter().map(|input| golden(input)).collect();
        assert_eq!(files(".out.rs"), expected);
        assert!(!expected.is_empty(), "no golden files were found");
    }
}
