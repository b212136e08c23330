//! What is true of search by picture: whatever is commonly done to a picture, the goods is found again.

use std::sync::LazyLock;

use super::decode::Small;
use super::{Likeness, MOST, Match, Window, own, read_token, write_token};
use crate::sandbox::goods::Shop;

static SHOP: LazyLock<(Shop, Likeness)> = LazyLock::new(|| (Shop::open(5, 300), Likeness::open(None).unwrap()));

fn found(picture: &Small, part: Window) -> Vec<Match> {
    let (shop, likeness) = &*SHOP;
    likeness.matches(shop, picture, part, |_| true)
}

/// Whether the goods is among the first three.
fn finds(index: u32, picture: &Small) -> bool {
    found(picture, Window::WHOLE).iter().take(3).any(|one| one.goods == index)
}

fn part_of(whole: &Small, left: usize, top: usize, width: usize, height: usize) -> Small {
    let rows = whole.rgb.chunks_exact(whole.width * 3).skip(top).take(height);
    let rgb = rows.flat_map(|row| row[left * 3..(left + width) * 3].to_vec()).collect();
    Small { width, height, rgb }
}

fn framed(whole: &Small, margin: usize, colour: [u8; 3]) -> Small {
    let (width, height) = (whole.width + 2 * margin, whole.height + 2 * margin);
    let inside = |at: usize, side: usize| at.checked_sub(margin).filter(|at| *at < side);
    let pixel = |x: usize, y: usize| match (inside(x, whole.width), inside(y, whole.height)) {
        (Some(x), Some(y)) => whole.rgb[(y * whole.width + x) * 3..][..3].to_vec(),
        _ => colour.to_vec(),
    };
    Small { width, height, rgb: (0..width * height).flat_map(|at| pixel(at % width, at / width)).collect() }
}

#[test]
fn a_picture_finds_its_goods_and_says_that_nothing_differs() {
    let (shop, _) = &*SHOP;
    for index in [0, 77, 299] {
        let found = found(&own(shop, index), Window::WHOLE);
        assert_eq!(found[0].goods, index);
        assert!(found[0].likeness > 900, "{:?}", found[0]);
        assert!(found.len() >= MOST && found.is_sorted_by(|one, next| one.likeness >= next.likeness));
    }
}

#[test]
fn a_cut_framed_or_recompressed_picture_still_finds_its_goods() {
    let (shop, _) = &*SHOP;
    let mut missed = Vec::new();
    for index in (0..300).step_by(83) {
        let whole = own(shop, index);
        let mut jpeg = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 40);
        encoder.encode(&whole.rgb, 160, 160, jpeg_encoder::ColorType::Rgb).unwrap();
        let changed = [
            ("recompressed", Small::decode("image/jpeg", &jpeg).unwrap()),
            ("cut around", part_of(&whole, 8, 8, 144, 144)),
            ("cut in a corner", part_of(&whole, 16, 0, 144, 144)),
            ("cut on one side", part_of(&whole, 16, 0, 144, 160)),
            ("framed", framed(&whole, 12, [180, 20, 30])),
            ("framed in white", framed(&whole, 6, [255; 3])),
        ];
        missed.extend(changed.iter().filter(|(_, picture)| !finds(index, picture)).map(|(how, _)| (index, *how)));
    }
    assert!(missed.len() <= 1, "of 24: {missed:?}");
}

#[test]
fn a_picture_without_a_tenth_on_two_sides_still_finds_its_goods() {
    let (shop, _) = &*SHOP;
    let (mut missed, mut all) = (Vec::new(), 0);
    for index in (0..300).step_by(13) {
        let whole = own(shop, index);
        for (left, top) in [(16, 0), (0, 16), (16, 16), (0, 0)] {
            let mut jpeg = Vec::new();
            let cut = part_of(&whole, left, top, 144, 144);
            let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 60);
            encoder.encode(&cut.rgb, 144, 144, jpeg_encoder::ColorType::Rgb).unwrap();
            all += 1;
            if !finds(index, &Small::decode("image/jpeg", &jpeg).unwrap()) {
                missed.push((index, left, top));
            }
        }
    }
    assert!(missed.len() * 20 <= all, "of {all}: {missed:?}");
}

#[test]
fn a_region_is_searched_as_if_it_were_the_whole_picture() {
    let (shop, _) = &*SHOP;
    let (one, other) = (own(shop, 12), own(shop, 200));
    let rows = one.rgb.chunks_exact(480).zip(other.rgb.chunks_exact(480));
    let both = Small { width: 320, height: 160, rgb: rows.flat_map(|(a, b)| [a, b].concat()).collect() };
    let left = Window { right: 0.5, ..Window::WHOLE };
    let right = Window { left: 0.5, ..Window::WHOLE };
    assert_eq!((found(&both, left)[0].goods, found(&both, right)[0].goods), (12, 200));
}

#[test]
fn only_what_fits_is_found() {
    let (shop, likeness) = &*SHOP;
    let found = likeness.matches(shop, &own(shop, 10), Window::WHOLE, |goods| goods % 50 == 0);
    assert_eq!(found.len(), 6);
    assert!(found.iter().all(|one| one.goods % 50 == 0));
}

#[test]
fn odd_pictures_are_survived() {
    let tiny = Small { width: 1, height: 1, rgb: vec![9; 3] };
    let thin = Small { width: 300, height: 1, rgb: vec![200; 900] };
    let plain = Small { width: 64, height: 64, rgb: vec![255; 64 * 64 * 3] };
    for picture in [tiny, thin, plain] {
        assert!(!found(&picture, Window::WHOLE).is_empty());
        found(&picture, Window { left: 0.95, top: 0.95, right: 1.0, bottom: 1.0 });
    }
}

#[test]
fn the_three_kinds_of_pictures_are_read_and_others_are_not() {
    let rgb: Vec<u8> = (0..40 * 20 * 3).map(|at| (at % 251) as u8).collect();
    let mut webp = Vec::new();
    image_webp::WebPEncoder::new(&mut webp).encode(&rgb, 40, 20, image_webp::ColorType::Rgb8).unwrap();
    let read = Small::decode("image/webp", &webp).unwrap();
    assert_eq!((read.width, read.height, &read.rgb), (40, 20, &rgb));
    assert!(Small::decode("image/png", &webp).is_err(), "not what it is said to be");
    assert!(Small::decode("image/webp", &webp[..webp.len() / 2]).is_err());
    for (kind, bytes) in
        [("image/png", b"\x89PNG\r\n\x1a\n".as_slice()), ("image/jpeg", b"\xff\xd8\xff\xe0"), ("image/gif", b"GIF89a")]
    {
        assert!(Small::decode(kind, bytes).is_err(), "{kind}");
    }
}

#[test]
fn a_large_picture_is_made_small_without_a_shift() {
    let rgb: Vec<u8> = (0..640 * 480).flat_map(|at| if at % 640 < 320 { [0; 3] } else { [255; 3] }).collect();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 640, 480);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&rgb).unwrap();
    let small = Small::decode("image/png", &png).unwrap();
    assert_eq!((small.width, small.height), (160, 120));
    assert_eq!((small.rgb[79 * 3], small.rgb[80 * 3]), (0, 255));
}

#[test]
fn a_page_token_belongs_to_its_question() {
    let last = Match { goods: 77, likeness: 901 };
    let token = write_token(7, last);
    assert_eq!(read_token(7, &token), Some(last));
    assert_eq!((read_token(8, &token), read_token(7, "x"), read_token(7, "")), (None, None, None));
}
