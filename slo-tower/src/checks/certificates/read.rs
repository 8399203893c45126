//! What certificates say of themselves, whoever has signed them.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// No longer file is read: no bundle of all public authorities is as long.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// So much of a name is shown.
const NAME_CHARS_MAX: usize = 60;

/// A certificate that was read.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// For people.
    pub(super) name: String,
    /// In seconds since 1970, the first at which it is valid.
    pub(super) valid_from: i64,
    /// The last.
    pub(super) valid_to: i64,
}

/// Reads every certificate in a PEM file, of which there is one or more.
pub(super) fn file(path: &Path) -> Result<Vec<Known>, String> {
    let place = path.display();
    let mut text = Vec::new();
    let opened = File::open(path);
    let read = opened.and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text));
    let length = read.map_err(|error| format!("cannot read {place}: {error}"))?;
    if u64::try_from(length).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(format!("{place} is longer than {FILE_BYTES_MAX} bytes"));
    }
    let certificates = sections(&text).map_err(|why| format!("{place} is no PEM: {why}"))?;
    if certificates.is_empty() {
        return Err(format!("{place} holds no certificate in PEM"));
    }
    all(&certificates, &place.to_string())
}

/// Returns what is in the sections that are certificates; an error says what is wrong with one.
///
/// Other sections are cut out before they are read: keys that are encrypted the old way have headers, and are no base64.
fn sections(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let mut is_certificate = false;
    let mut own = Vec::new();
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.trim_ascii_end();
        is_certificate |= bare == b"-----BEGIN CERTIFICATE-----";
        if is_certificate {
            own.extend_from_slice(line);
        }
        is_certificate &= bare != b"-----END CERTIFICATE-----";
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&own).collect();
    certificates.map_err(|error| told(&error))
}

/// Reads every certificate that `place` has presented.
pub(super) fn all(certificates: &[CertificateDer<'_>], place: &str) -> Result<Vec<Known>, String> {
    let read = |(index, der): (usize, &CertificateDer<'_>)| {
        one(der).ok_or_else(|| format!("certificate {} of {place} is not understood", index + 1))
    };
    certificates.iter().enumerate().map(read).collect()
}

fn one(der: &[u8]) -> Option<Known> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    Some(Known {
        name: name(&certificate),
        valid_from: validity.not_before.timestamp(),
        valid_to: validity.not_after.timestamp(),
    })
}

/// Returns the common name or, where there is none, the first host. Whoever serves a certificate chooses both: they are bounded,
/// and have no characters that do something.
fn name(certificate: &X509Certificate<'_>) -> String {
    let common = certificate.subject().iter_common_name().find_map(|name| name.as_str().ok());
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let host = alternative.and_then(|names| {
        names.value.general_names.iter().find_map(|name| match name {
            GeneralName::DNSName(host) => Some(*host),
            _ => None,
        })
    });
    let name = common.filter(|name| !name.is_empty()).or(host).unwrap_or("without a name");
    name.chars().take(NAME_CHARS_MAX).flat_map(char::escape_debug).collect()
}

/// What is wrong with a text of PEM, without repeating any of it: there may be keys beside the certificates.
const fn told(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end",
        pem::Error::IllegalSectionStart { .. } => "a section does not begin as it should",
        pem::Error::Base64Decode(_) => "a section is no base64",
        _ => "it cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(label: &str, lines: &str) -> String {
        format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
    }

    /// Keys stand beside certificates in all the ways in which keys are written.
    #[test]
    fn certificates_are_found_among_whatever_else_there_is() {
        let certificate = || section("CERTIFICATE", "AQID");
        let encrypted = section(
            "RSA PRIVATE KEY",
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF0123456789ABCDEF\n\nAQID",
        );
        for (text, expected) in [
            (certificate(), 1),
            (certificate().replace('\n', "\r\n"), 1),
            (format!("Issuer: CN=us\n{}\n\n# another\n{}", certificate(), certificate()), 2),
            (section("EC PARAMETERS", "BggqhkjOPQMBBw==") + &certificate(), 1),
            (encrypted.clone() + &certificate(), 1),
            (certificate() + &encrypted + &certificate(), 2),
            (section("TRUSTED CERTIFICATE", "AQID") + &section("CERTIFICATE REQUEST", "AQID"), 0),
            (format!("\u{feff}{}", certificate()), 1),
            (String::new(), 0),
        ] {
            let found = sections(text.as_bytes()).map(|all| all.iter().map(|der| der.to_vec()).collect());
            assert_eq!(found, Ok(vec![vec![1, 2, 3]; expected]), "{text}");
        }
    }

    #[test]
    fn a_broken_certificate_is_told_and_not_shown() {
        for (text, expected) in [
            (section("CERTIFICATE", "hunter2!"), "a section is no base64"),
            (section("CERTIFICATE", "AQID").replace("-----END", ""), "a section has no end"),
        ] {
            assert_eq!(sections(text.as_bytes()), Err(expected), "{text}");
        }
    }
}
