//! The status codes of gRPC: the only table of them.

use super::outcome::{Outcome, Verdict};

macro_rules! codes {
    ($($(#[$doc:meta])* $id:ident $name:literal $verdict:ident;)*) => {
        /// A gRPC status code; its number is that of the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum GrpcCode {
            $($(#[$doc])* $id,)*
        }

        /// Name and meaning of each code, in the place of its number.
        const CODES: &[(GrpcCode, &str, Verdict)] = &[$((GrpcCode::$id, $name, Verdict::$verdict)),*];
    };
}

// As https://grpc.io/docs/guides/status-codes/ lists them. Those by which a server says that it failed are bad, which is
// also what the OpenTelemetry semantic conventions call an error of a server.
codes! {
    /// It worked.
    Ok "OK" Good;
    /// The client went away.
    Cancelled "CANCELLED" Good;
    /// The server does not know what went wrong.
    Unknown "UNKNOWN" Bad;
    /// The client asked for nonsense.
    InvalidArgument "INVALID_ARGUMENT" Good;
    /// It took too long.
    DeadlineExceeded "DEADLINE_EXCEEDED" Bad;
    /// It is not there.
    NotFound "NOT_FOUND" Good;
    /// It is there already.
    AlreadyExists "ALREADY_EXISTS" Good;
    /// The client may not do this.
    PermissionDenied "PERMISSION_DENIED" Good;
    /// A quota is used up.
    ResourceExhausted "RESOURCE_EXHAUSTED" Good;
    /// The state does not allow this.
    FailedPrecondition "FAILED_PRECONDITION" Good;
    /// Another client was faster.
    Aborted "ABORTED" Good;
    /// It lies outside of what there is.
    OutOfRange "OUT_OF_RANGE" Good;
    /// The server cannot do this.
    Unimplemented "UNIMPLEMENTED" Bad;
    /// The server broke.
    Internal "INTERNAL" Bad;
    /// The server cannot answer now.
    Unavailable "UNAVAILABLE" Bad;
    /// Data is lost.
    DataLoss "DATA_LOSS" Bad;
    /// The server does not know the client.
    Unauthenticated "UNAUTHENTICATED" Good;
}

impl GrpcCode {
    /// How many codes the protocol knows.
    pub const COUNT: usize = CODES.len();

    /// Returns the code of a number; one that the protocol does not know counts as [`GrpcCode::Unknown`], as it asks.
    ///
    /// ```
    /// use slo_core::GrpcCode;
    /// assert_eq!(GrpcCode::of(14), GrpcCode::Unavailable);
    /// assert_eq!(GrpcCode::of(17), GrpcCode::Unknown);
    /// ```
    #[must_use]
    pub const fn of(number: u16) -> Self {
        if (number as usize) < CODES.len() { CODES[number as usize].0 } else { Self::Unknown }
    }

    /// Returns the number, which is the status of a call's [`Outcome`].
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Returns the name as the protocol spells it: `DEADLINE_EXCEEDED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        CODES[self as usize].1
    }

    /// Returns what the code means for a promise: a server that says it failed is bad, one that says it was asked for
    /// the wrong thing has answered as promised.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        CODES[self as usize].2
    }
}

/// Returns what the outcome of a call means unless a classifier says otherwise.
pub(super) const fn verdict(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Completed(number) => GrpcCode::of(number).verdict(),
        other => other.verdict(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_lies_in_the_place_of_its_number() {
        assert_eq!(GrpcCode::COUNT, 17);
        for (number, (code, ..)) in (0..).zip(CODES) {
            assert_eq!((code.number(), GrpcCode::of(number)), (number, *code));
        }
        for number in [17, 1_023, u16::MAX] {
            assert_eq!(GrpcCode::of(number), GrpcCode::Unknown);
        }
    }

    #[test]
    fn the_servers_faults_are_bad_and_no_others() {
        let bad = CODES.iter().filter(|(code, ..)| code.verdict() == Verdict::Bad);
        assert_eq!(bad.map(|(code, ..)| code.number()).collect::<Vec<_>>(), [2, 4, 12, 13, 14, 15]);
    }
}
