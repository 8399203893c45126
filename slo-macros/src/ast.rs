//! The annotated function: its signature in full, its body as tokens.
//!
//! The body is never parsed, so that whatever the compiler accepts in it is accepted here. What is not
//! replaced on purpose is written back as it was, token for token.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::visit_mut::VisitMut;
use syn::{Attribute, ReturnType, Signature, Type, TypeParamBound, Visibility, braced, parse_quote, token};

use crate::attr::Errors;

/// A function with a body, free or in an `impl`.
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    defaultness: Option<syn::Token![default]>,
    pub(crate) signature: Signature,
    brace: token::Brace,
    inner_attributes: Vec<Attribute>,
    pub(crate) body: TokenStream,
}

/// When a call of the function is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// When the `async fn` is.
    Async,
    /// When the `impl Future` it returns is.
    Future,
    /// When it returns, or when the boxed future it returns is: a matter of types, seen by the compiler.
    Call,
    /// Never: it returns `!`.
    Never,
}

impl Function {
    /// Reads the item under the attribute, or says why it cannot bear one.
    pub(crate) fn parse(item: TokenStream, errors: &mut Errors) -> Option<Self> {
        let Ok(function) = syn::parse2::<Self>(item.clone()) else {
            errors.push(head(item), "not a function with a body: put `#[slo(...)]` on one");
            return None;
        };
        if let Some(token) = &function.signature.constness {
            errors.push(token, "a `const fn` cannot record anything: leave out `const` or `#[slo]`");
        }
        let is_slo =
            |attribute: &&Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "slo");
        if let Some(second) = function.attributes.iter().find(is_slo) {
            errors.push(second, "`#[slo]` is given twice: write all goals in one");
        }
        Some(function)
    }

    /// Returns when a call is over.
    pub(crate) fn shape(&self) -> Shape {
        match &self.signature.output {
            ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => Shape::Never,
            _ if self.signature.asyncness.is_some() => Shape::Async,
            ReturnType::Type(_, output) if is_impl_future(output) => Shape::Future,
            ReturnType::Type(..) | ReturnType::Default => Shape::Call,
        }
    }

    /// Returns the type of the body's value, as it may be written inside the body: `_` for every `impl Trait`.
    pub(crate) fn output(&self) -> Type {
        let mut output = match &self.signature.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, output) => (**output).clone(),
        };
        InferImplTrait.visit_type_mut(&mut output);
        output
    }

    /// Returns the attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.path().is_ident(name))
    }

    /// Writes the function with another body.
    pub(crate) fn with_body(&self, body: &TokenStream) -> TokenStream {
        let Self { attributes, visibility, defaultness, signature, inner_attributes, .. } = self;
        let mut function = quote!(#(#attributes)* #visibility #defaultness #signature);
        self.brace.surround(&mut function, |function| {
            function.extend(quote!(#(#inner_attributes)* #body));
        });
        function
    }
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let content;
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            // An item cannot start with another `default` here: a function follows.
            defaultness: input.parse()?,
            signature: input.parse()?,
            brace: braced!(content in input),
            inner_attributes: content.call(Attribute::parse_inner)?,
            body: content.parse()?,
        })
    }
}

fn is_impl_future(output: &Type) -> bool {
    let Type::ImplTrait(output) = output else {
        return false;
    };
    output.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| last.ident == "Future"),
        _ => false,
    })
}

/// Replaces each `impl Trait` by `_`.
struct InferImplTrait;

impl VisitMut for InferImplTrait {
    fn visit_type_mut(&mut self, node: &mut Type) {
        if matches!(node, Type::ImplTrait(_)) {
            *node = parse_quote!(_);
        } else {
            syn::visit_mut::visit_type_mut(self, node);
        }
    }
}

/// Returns the tokens between the attributes and the body, so that an error underlines the head alone.
fn head(item: TokenStream) -> TokenStream {
    let mut tokens = item.into_iter().peekable();
    while tokens.next_if(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#')).is_some()
    {
        // The brackets of the attribute.
        tokens.next();
    }
    let is_head = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() != ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => true,
    };
    tokens.take_while(is_head).collect()
}
