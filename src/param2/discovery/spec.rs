//! `specId`: the platform names a variant twice, by a number and by 32 hexadecimal digits. Ours are the number written so,
//! and orders may name a variant by either.

use crate::model::ids::SkuId;

/// The 32 digits of a variant.
pub fn of(sku: SkuId) -> String {
    format!("{:032x}", sku.number())
}

/// The variant of a `specId`, or of a `skuId` given in its place.
pub fn read(text: &str) -> Option<SkuId> {
    let text = text.trim();
    if text.len() == 32 {
        let number = u128::from_str_radix(text, 16).ok()?;
        return i64::try_from(number).ok().filter(|number| *number > 0).map(SkuId::new);
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{of, read};
    use crate::model::ids::SkuId;

    #[test]
    fn a_variant_is_found_by_either_name() {
        let sku = SkuId::new(5_104_790_281_451);
        assert_eq!(of(sku).len(), 32);
        assert_eq!((read(&of(sku)), read("5104790281451")), (Some(sku), Some(sku)));
        for wrong in ["", "2b36920d5139fd431a2030090d1e2599", "00000000000000000000000000000000", "x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
