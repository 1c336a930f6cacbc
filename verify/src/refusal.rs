//! Why a credential is not good. For the log of the resource server; its caller learns only that.

/// The first thing that did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is not a compact JWS of I-JSON, or longer than 16 KiB")]
    Malformed,
    #[error("its header says more or less than `alg`, `typ` and `kid`")]
    Header,
    #[error("its algorithm is not ES256")]
    Algorithm,
    #[error("its `typ` is that of another token")]
    Type,
    /// Fetch the keys again, once, and try once more.
    #[error("its key is not among the known ones")]
    UnknownKey,
    #[error("its signature is not good")]
    Signature,
    #[error("its claims are not those of this type")]
    Claims,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is meant for somebody else")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it was issued in the future, or for longer than five minutes")]
    Lifetime,
    #[error("it is for another subject than the base token")]
    Subject,
    #[error("it is for another client than the base token")]
    Client,
    #[error("it is for another session")]
    Session,
    #[error("it is for another base token")]
    AccessToken,
    #[error("it is for another key")]
    Confirmation,
    #[error("another action, resource or parameter was approved")]
    Parameters,
    #[error("it was spent before")]
    Spent,
}
