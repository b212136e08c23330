//! What is true of the pictures.

use std::collections::HashSet;

use crate::sandbox::goods::Shop;
use crate::sandbox::goods::picture::drawing;

fn decoded(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width, frame.height, pixels)
}

#[test]
fn a_picture_is_a_png_of_the_asked_size() {
    let shop = Shop::open(5, 1000);
    for (index, size) in [(0, 480), (1, 96), (999, 333), (3, 1), (4, 16)] {
        let (width, height, pixels) = decoded(&shop.picture(index, size));
        assert_eq!((width, height), (size.max(16), size.max(16)));
        let colours: HashSet<&[u8]> = pixels.chunks(3).collect();
        assert!(colours.len() > 20, "{} colours", colours.len());
    }
}

#[test]
fn a_picture_is_always_the_same_and_no_two_offers_share_one() {
    let shop = Shop::open(5, 1000);
    let mut pictures = HashSet::new();
    for index in 0..60 {
        let picture = shop.picture(index, 64);
        assert_eq!(picture, shop.picture(index, 64));
        assert!(pictures.insert(picture), "{index} looks like another");
    }
}

#[test]
fn many_pictures_in_a_row_are_the_same_as_one_by_one() {
    let shop = Shop::open(5, 1000);
    let mut studio = shop.studio(32);
    for index in (0..40).chain([7, 999, 8]) {
        assert_eq!(shop.pixels_in(&mut studio, index), shop.pixels(index, 32), "{index}");
    }
}

#[test]
fn the_product_fills_a_fair_part_of_its_picture() {
    let shop = Shop::open(5, 250);
    for index in 0..250 {
        let (width, _, pixels) = decoded(&shop.picture(index, 64));
        let at = |x: u32, y: u32| &pixels[((y * width + x) * 3) as usize..][..3];
        let apart = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b) as u32).sum::<u32>();
        // The wall of every scene is symmetrical enough that its left edge tells what a row would look like empty.
        let differing =
            (10..52).flat_map(|y| (8..56).map(move |x| (x, y))).filter(|(x, y)| apart(at(*x, *y), at(1, *y)) > 24);
        let count = differing.count();
        assert!(count > 60, "{index}: {count} pixels of {}", shop.goods(index).product_type.key);
    }
}

#[test]
fn every_mark_of_every_drawing_is_understood() {
    let marks =
        drawing::FILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("shape "));
    for line in marks {
        assert!(drawing::understands(line), "{line}");
    }
    let keys: Vec<&str> =
        drawing::FILE.lines().filter_map(|line| line.strip_prefix("shape ")).flat_map(str::split_whitespace).collect();
    let unique: HashSet<&&str> = keys.iter().collect();
    assert_eq!(unique.len(), keys.len());
    assert!(drawing::FILE.matches("\nshape ").count() >= 20);
}
