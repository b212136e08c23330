//! What the warehouse photographs: a goods' drawn picture with a crack across it.

use std::io::Cursor;

use super::goods::Shop;

const EDGE: u32 = 320;
const CRACK: [u8; 3] = [200, 30, 30];

/// A damaged piece of a goods, PNG; none when there are no such goods.
pub fn damaged(shop: &Shop, goods_id: i64) -> Option<Vec<u8>> {
    let whole = shop.picture(shop.index_of(goods_id)?, EDGE);
    let mut reader = png::Decoder::new(Cursor::new(whole)).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut pixels).ok()?;
    let row_bytes = usize::try_from(info.width).ok()? * CRACK.len();
    for (y, row) in pixels.chunks_exact_mut(row_bytes).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(CRACK.len()).enumerate().filter(|(x, _)| is_crack(*x, y)) {
            // One side of the crack lies in the light.
            let shade = if x % 2 == 0 { CRACK } else { [90, 10, 10] };
            pixel.copy_from_slice(&shade);
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, info.width, info.height);
    encoder.set_color(info.color_type);
    encoder.set_depth(info.bit_depth);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).ok()?;
    Some(bytes)
}

/// A zigzag from the top left to the bottom right, four pixels wide.
fn is_crack(x: usize, y: usize) -> bool {
    let wave = (y % 40).abs_diff(20);
    (x + 20).abs_diff(y + wave) < 3
}

#[cfg(test)]
mod tests {
    use super::damaged;
    use crate::sandbox::goods::Shop;
    use crate::sandbox::image::Format;

    #[test]
    fn a_photo_is_a_voucher_and_not_the_picture_of_the_offer() {
        let shop = Shop::open(7, 10);
        let goods = shop.goods(3);
        let photo = damaged(&shop, goods.id).unwrap();
        assert_eq!(Format::Png.check(&photo), Ok(()));
        assert_ne!(photo, shop.picture(3, super::EDGE));
        assert!(photo.len() < 1 << 20);
        assert!(damaged(&shop, 1).is_none());
    }
}
