//! The slot of a key in a cluster, to tell which keys live together (Redis Cluster Specification, "Hash tags").

/// How many slots there are.
pub const SLOTS: u16 = 16_384;

/// The slot: CRC-16/XMODEM of what stands in the first braces, or of the whole key.
pub fn of(key: &str) -> u16 {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
    let tag = tag.filter(|tag| !tag.is_empty()).unwrap_or(key);
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn slots_are_those_of_the_specification() {
        // As `CLUSTER KEYSLOT` says them.
        for (key, slot) in [("123456789", 12_739), ("foo", 12_182), ("{foo}.bar", 12_182), ("a{foo}{bar}", 12_182)] {
            assert_eq!(of(key), slot, "{key}");
        }
        assert_ne!(of("{}foo"), of("foo"));
        assert_eq!(of("xy:rl:{acme:live}:leases"), of("xy:rl:{acme:live}:p:second"));
    }
}
