//! Which texts are label matchers of Prometheus, so that they can stand in a selector and do nothing else.

/// Whether these are matchers, as far as it matters to the rest of the expression: `name="value"`, separated by commas,
/// with nothing outside of the quotes that ends a selector.
pub(crate) fn are_matchers(text: &str) -> bool {
    let mut rest = text;
    loop {
        let name = rest.trim_start();
        let end = name.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let Some((label, after)) = end.map(|end| name.split_at(end)).filter(|(label, _)| !label.is_empty())
        else {
            return false;
        };
        let after = after.trim_start();
        let operator = ["=~", "!~", "!=", "="].into_iter().find(|operator| after.starts_with(operator));
        let value = operator.map(|operator| after[operator.len()..].trim_start());
        let Some(value) = value.and_then(|value| value.strip_prefix('"')) else { return false };
        let mut escaped = false;
        let close = value.find(|character| {
            let closes = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            closes
        });
        let Some(close) = close.filter(|_| !label.starts_with(|first: char| first.is_ascii_digit())) else {
            return false;
        };
        match value[close + 1..].trim_start() {
            "" => return true,
            more => match more.strip_prefix(',') {
                Some(more) => rest = more,
                None => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_matchers_select() {
        for (matchers, are) in [
            (r#"job="shop""#, true),
            (r#" job = "shop" , instance=~"a.*:80""#, true),
            (r#"a!="}",b!~"\"}""#, true),
            ("", false),
            (r#"job="shop","#, false),
            ("job=shop", false),
            (r#"{job="shop"}"#, false),
            (r#"job="shop"} or up{a="b""#, false),
            (r#"job="shop" instance="a""#, false),
            (r#"job="shop"#, false),
            (r#"1a="b""#, false),
        ] {
            assert_eq!(are_matchers(matchers), are, "{matchers}");
        }
    }
}
