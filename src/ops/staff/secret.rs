//! What a browser or program shows to be let in: random, kept by us as a digest alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Error;

/// 256 random bits as text.
pub(super) fn fresh() -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice())?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// What is kept of a secret of 256 random bits: no salt and no slow hash is needed, nobody guesses those.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// What every form of a session's pages carries: made of the cookie, which a page of another site cannot read.
pub fn form_token(cookie: &str) -> String {
    let mut state = Sha256::new();
    state.update(b"xunyuan console form\0");
    state.update(cookie.as_bytes());
    URL_SAFE_NO_PAD.encode(state.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{digest, form_token, fresh};

    #[test]
    fn secrets_differ_and_neither_digest_nor_form_token_gives_one_away() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert!(one != other && one.len() == 43);
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(form_token(&one) != form_token(&other) && form_token(&one) != digest(&one));
    }
}
