//! The calls about pictures to search by, and about links that people paste.

use bytes::Bytes;

use crate::model::picture::{Alike, Pictured};
use crate::upstream::call::{Body, Call};
use crate::upstream::wholesale::calls::{self, Search};

/// Gives a picture to search by → `pictures::Picture`. The same bytes are the same picture, so that it may be repeated.
pub fn give_picture(partner_code: &str, media_type: &'static str, bytes: Bytes) -> Call {
    let call = Call::send("goods.give_picture", "/pictures", Body { media_type, bytes });
    Call { partner: Some(partner_code.to_owned()), ..call }.safe()
}

/// Looks for goods whose pictures are like one → `goods::SearchPage` with `likeness`; refused with `PICTURE_NOT_FOUND`.
/// Of the search neither the sort nor the counts are asked for.
pub fn alike(alike: &Alike, wanted: &Search<'_>) -> Call {
    let mut call = calls::search(wanted);
    call.name = "goods.alike";
    "/goods/pictureSearch".clone_into(&mut call.path);
    call.query.retain(|(name, _)| !matches!(*name, "sort" | "facets"));
    let call = match &alike.picture {
        Pictured::Uploaded { catalogue_id, .. } => call.with("pictureId", catalogue_id),
        Pictured::Offer(id) => call.with("picUrl", format!("/goods/{id}/picture.png")),
    };
    call.with_some("region", alike.region)
}

/// Where a short link leads → `pictures::LongLink`; refused with `LINK_NOT_FOUND`.
pub fn expand_link(url: &str) -> Call {
    Call::get("goods.expand_link", "/links/expand").with("url", url)
}

#[cfg(test)]
mod tests {
    use super::{alike, expand_link, give_picture};
    use crate::model::ids::{ImageId, OfferId};
    use crate::model::picture::{Alike, Pictured};
    use crate::upstream::call::{Class, Repeat};
    use crate::upstream::wholesale::calls::Search;

    #[test]
    fn a_search_by_picture_asks_for_neither_sort_nor_counts() {
        let wanted = Search { lang: "ja", sort: "default", facets: true, page_size: 20, ..Search::default() };
        let picture = Pictured::Uploaded { image: ImageId::fresh(), catalogue_id: "abc".into() };
        let call = alike(&Alike { picture, region: "0.1,0,1,1".parse().ok() }, &wanted);
        let asked: Vec<_> = call.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(asked, ["lang=ja", "pageSize=20", "pictureId=abc", "region=100,0,1000,1000"]);
        let own = alike(&Alike { picture: Pictured::Offer(OfferId::new(7)), region: None }, &wanted);
        assert_eq!(own.query.last().unwrap().1, "/goods/7/picture.png");
    }

    #[test]
    fn all_of_them_are_browsing_and_harmless_to_repeat() {
        for call in [give_picture("acme", "image/webp", "x".into()), expand_link("https://qr.1688.com/s/x")] {
            assert_eq!((call.class(), call.repeat), (Class::Goods, Repeat::Safe));
        }
    }
}
