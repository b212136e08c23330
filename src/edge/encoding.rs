//! Which compression a caller accepts (RFC 9110 §12.5.3), and doing it.

use std::io::Write;

/// A content coding of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// gzip
    Gzip,
    /// Brotli
    Brotli,
    /// Zstandard
    Zstd,
}

/// Bodies below this size are not worth compressing.
pub const WORTH_BYTES: usize = 1024;

impl Encoding {
    /// The name in `Content-Encoding`; `None` for identity.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// The coding for an `Accept-Encoding` field: the highest quality, and of equals br before zstd before gzip.
    pub fn negotiate(accept: Option<&str>) -> Self {
        let Some(accept) = accept else { return Self::Identity };
        let mut best = (0, Self::Identity);
        for entry in accept.split(',') {
            let mut parts = entry.trim().split(';');
            let coding = match parts.next().unwrap_or("").trim() {
                "br" => Self::Brotli,
                "zstd" => Self::Zstd,
                "gzip" | "x-gzip" => Self::Gzip,
                _ => continue,
            };
            let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, thousandths);
            let weight = quality * 4 + coding.preference();
            if quality > 0 && weight > best.0 {
                best = (weight, coding);
            }
        }
        best.1
    }

    const fn preference(self) -> u32 {
        match self {
            Self::Identity => 0,
            Self::Gzip => 1,
            Self::Zstd => 2,
            Self::Brotli => 3,
        }
    }

    /// The body in this coding; `None` when it cannot be made (the caller then sends it as it is).
    pub fn encode(self, body: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Identity => None,
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                writer.write_all(body).ok()?;
                writer.finish().ok()
            }
            Self::Brotli => {
                let mut out = Vec::new();
                let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 5, 20);
                writer.write_all(body).ok()?;
                writer.flush().ok()?;
                drop(writer);
                Some(out)
            }
            Self::Zstd => zstd::bulk::compress(body, 3).ok(),
        }
    }
}

fn thousandths(quality: &str) -> u32 {
    let (whole, rest) = quality.split_once('.').unwrap_or((quality, ""));
    let fraction: u32 = format!("{rest:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    if whole == "1" { 1000 } else { fraction }
}

#[cfg(test)]
mod tests {
    use super::Encoding;
    use std::io::Read;

    #[test]
    fn the_best_accepted_coding_is_taken() {
        assert_eq!(Encoding::negotiate(None), Encoding::Identity);
        assert_eq!(Encoding::negotiate(Some("gzip, deflate, br")), Encoding::Brotli);
        assert_eq!(Encoding::negotiate(Some("gzip;q=0.9, br;q=0.5, zstd;q=0")), Encoding::Gzip);
        assert_eq!(Encoding::negotiate(Some("deflate")), Encoding::Identity);
        assert_eq!(Encoding::negotiate(Some("br;q=0")), Encoding::Identity);
    }

    #[test]
    fn encoded_bodies_decode_to_themselves() {
        let body = "花盆 ".repeat(500).into_bytes();
        let mut plain = Vec::new();
        let zipped = Encoding::Gzip.encode(&body).unwrap();
        flate2::read::GzDecoder::new(&zipped[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, body);
        let mut plain = Vec::new();
        let br = Encoding::Brotli.encode(&body).unwrap();
        brotli::Decompressor::new(&br[..], 4096).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, body);
        assert_eq!(zstd::bulk::decompress(&Encoding::Zstd.encode(&body).unwrap(), 1 << 20).unwrap(), body);
    }
}
