//! What a gRPC status means for the promise.
//!
//! The codes by which a server says that it failed are bad; those by which it says that it was asked for the wrong
//! thing are answers as promised.

use slo_core::{Classify, Outcome, RouteRef, Verdict};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $verdict:ident,)*) => {
        /// A gRPC status code; its number is that of the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum GrpcCode {
            $($(#[$doc])* $name,)*
        }

        impl GrpcCode {
            /// All codes, each in the place of its number.
            pub const ALL: [Self; CODES] = [$(Self::$name),*];
        }

        /// What each code means, in the place of its number.
        const VERDICTS: [Verdict; CODES] = [$(Verdict::$verdict),*];
    };
}

/// How many codes the protocol knows.
const CODES: usize = 17;

codes! {
    /// It worked.
    Ok = Good,
    /// The client went away.
    Cancelled = Good,
    /// The server does not know what went wrong.
    Unknown = Bad,
    /// The client asked for nonsense.
    InvalidArgument = Good,
    /// It took too long.
    DeadlineExceeded = Bad,
    /// It is not there.
    NotFound = Good,
    /// It is there already.
    AlreadyExists = Good,
    /// The client may not do this.
    PermissionDenied = Good,
    /// A quota is used up.
    ResourceExhausted = Good,
    /// The state does not allow this.
    FailedPrecondition = Good,
    /// Another client was faster.
    Aborted = Good,
    /// It lies outside of what there is.
    OutOfRange = Good,
    /// The server cannot do this.
    Unimplemented = Bad,
    /// The server broke.
    Internal = Bad,
    /// The server cannot answer now.
    Unavailable = Bad,
    /// Data is lost.
    DataLoss = Bad,
    /// The server does not know the client.
    Unauthenticated = Good,
}

/// Judges how gRPC calls ended, with the number of the status code as the status of their [`Outcome`].
///
/// `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS` are bad, all other codes good, but
/// for what was changed; a number that is no code counts as `UNKNOWN`, as the protocol asks. An answer without a status
/// is no `Completed` outcome: it broke off, which is bad.
///
/// ```
/// use slo_tower::{GrpcClassifier, GrpcCode, Outcome, Verdict};
///
/// let classifier = GrpcClassifier::new().client_faults([GrpcCode::DeadlineExceeded]).bad(GrpcCode::ResourceExhausted);
/// assert_eq!(classifier.verdict(Outcome::Completed(GrpcCode::DeadlineExceeded as u16)), Verdict::Good);
/// assert_eq!(classifier.verdict(Outcome::Completed(GrpcCode::ResourceExhausted as u16)), Verdict::Bad);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GrpcClassifier {
    verdicts: [Verdict; CODES],
}

impl GrpcClassifier {
    /// Judges by the table above.
    #[must_use]
    pub const fn new() -> Self {
        Self { verdicts: VERDICTS }
    }

    /// Calls that end with one of these codes are good: the client is to blame.
    #[must_use]
    pub fn client_faults(self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        codes.into_iter().fold(self, |this, code| this.with(code, Verdict::Good))
    }

    /// Calls that end with this code are bad.
    #[must_use]
    pub const fn bad(self, code: GrpcCode) -> Self {
        self.with(code, Verdict::Bad)
    }

    /// Calls that end with this code do not count.
    #[must_use]
    pub const fn excluded(self, code: GrpcCode) -> Self {
        self.with(code, Verdict::Excluded)
    }

    /// Returns what an outcome means.
    #[must_use]
    pub const fn verdict(&self, outcome: Outcome) -> Verdict {
        match outcome {
            Outcome::Completed(code) if (code as usize) < CODES => self.verdicts[code as usize],
            Outcome::Completed(_) => self.verdicts[GrpcCode::Unknown as usize],
            other => other.verdict(),
        }
    }

    const fn with(mut self, code: GrpcCode, verdict: Verdict) -> Self {
        self.verdicts[code as usize] = verdict;
        self
    }
}

impl Default for GrpcClassifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Classify for GrpcClassifier {
    fn classify(&self, _: RouteRef<'_>, outcome: Outcome) -> Verdict {
        self.verdict(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_faults_are_bad_and_no_others() {
        let bad =
            |code: &GrpcCode| GrpcClassifier::new().verdict(Outcome::Completed(*code as u16)) == Verdict::Bad;
        let numbers: Vec<u8> = GrpcCode::ALL.into_iter().filter(bad).map(|code| code as u8).collect();
        // As https://grpc.io/docs/guides/status-codes numbers them.
        assert_eq!(numbers, [2, 4, 12, 13, 14, 15]);
        assert_eq!(GrpcClassifier::new().verdict(Outcome::Completed(17)), Verdict::Bad);
        assert_eq!(GrpcClassifier::new().verdict(Outcome::BodyError(0)), Verdict::Bad);
        assert_eq!(GrpcClassifier::new().verdict(Outcome::BodyAborted(0)), Verdict::Cancelled);
    }
}
