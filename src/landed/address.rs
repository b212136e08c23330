//! Finds the place that an address is about, in Chinese here and in Latin letters in `latin`. The longest run of names that lie in one another wins: 浙江省 义乌市 in
//! 浙江省义乌市后宅街道; what could as well be something else is told as several candidates, never guessed.

use crate::landed::divisions::{DIVISIONS, Division};
use crate::landed::latin;
use crate::model::region::{Level, RegionCode};

/// What stands between the names of places.
const BETWEEN: [char; 16] = [',', '，', '、', '。', '.', ';', '；', ':', '：', '-', '—', '·', '/', '|', '(', ')'];
/// A short name before one of these is a street's, a village's or a house's: 北京路.
const OF_STREETS: [char; 12] = ['路', '街', '道', '巷', '弄', '里', '镇', '乡', '村', '大', '广', '公'];
/// Other names of the country, which may stand before everything.
const COUNTRY: [&str; 2] = ["中华人民共和国", "中国"];
/// The most places that are told when it may be several.
pub(super) const MOST: usize = 20;

/// A place in the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its code.
    pub code: RegionCode,
    /// Its name with all that it lies in, as far as that is known.
    pub name: String,
}

impl Region {
    /// The place with a code; `None` when there is none.
    pub fn of(code: RegionCode) -> Option<Self> {
        DIVISIONS.name(code).map(|name| Self { code, name })
    }

    /// What kind of place it is.
    pub fn level(&self) -> Level {
        self.code.level()
    }
}

/// What an address is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This place; and what of the address stands behind its name, which was not looked at.
    One(Region, String),
    /// It may be any of these.
    Several(Vec<Region>),
    /// No place is named in it.
    Nowhere,
}

/// A run of names.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    end: usize,
    letters: usize,
    code: RegionCode,
}

/// The place an address is about.
pub fn parse(address: &str) -> Found {
    match chinese(address) {
        Found::Nowhere => latin::parse(address),
        found => found,
    }
}

fn chinese(address: &str) -> Found {
    let mut text: String =
        address.chars().filter(|letter| !letter.is_whitespace() && !BETWEEN.contains(letter)).collect();
    for country in COUNTRY {
        if let Some(rest) = text.strip_prefix(country) {
            text = rest.to_owned();
        }
    }
    let runs: Vec<Run> = text.char_indices().flat_map(|(start, _)| runs_at(&text, start)).collect();
    let most = runs.iter().map(|run| run.letters).max().unwrap_or(0);
    let mut best: Vec<Run> = Vec::new();
    for run in runs.into_iter().filter(|run| run.letters == most) {
        if !best.iter().any(|known| known.code == run.code) {
            best.push(run);
        }
    }
    // 上海市 … 黄浦区 with something between them: the outer says no more than the inner.
    let inner: Vec<Run> = best
        .iter()
        .filter(|one| !best.iter().any(|other| one.code.holds(other.code) && other.start > one.start))
        .copied()
        .collect();
    match inner.as_slice() {
        [] => Found::Nowhere,
        [run] => match Region::of(run.code) {
            Some(region) => Found::One(region, text.get(run.end..).unwrap_or_default().to_owned()),
            None => Found::Nowhere,
        },
        several => Found::Several(several.iter().filter_map(|run| Region::of(run.code)).take(MOST).collect()),
    }
}

/// The longest runs that begin at a byte of the text, one for each place they may begin with.
fn runs_at(text: &str, start: usize) -> Vec<Run> {
    let here = text.get(start..).unwrap_or_default();
    let run = |division: &Division| {
        let length = named(division, here)?;
        let mut run = Run { start, end: start + length, letters: count(here, length), code: division.code };
        while let Some((inner, length)) = next(text, &run) {
            let letters = run.letters + count(text.get(run.end..).unwrap_or_default(), length);
            run = Run { end: run.end + length, letters, code: inner, ..run };
        }
        Some(run)
    };
    DIVISIONS.beginning(here).filter_map(run).collect()
}

/// The place inside the run's last whose name follows, and how long that is. A municipality may be said twice.
fn next(text: &str, run: &Run) -> Option<(RegionCode, usize)> {
    let rest = text.get(run.end..)?;
    let inside = |division: &&Division| run.code.holds(division.code) || run.code == division.code;
    let found = DIVISIONS.beginning(rest).filter(inside).filter_map(|one| Some((one.code, named(one, rest)?)));
    let found = found.filter(|(code, _)| *code != run.code || !text.get(run.start..run.end).is_some_and(twice));
    found.max_by_key(|(code, length)| (*length, code.level() == Level::District))
}

/// Whether a run is a name said twice already.
fn twice(run: &str) -> bool {
    let (one, other) = run.split_at(run.len() / 2 - run.len() / 2 % 3);
    one == other
}

/// How many bytes of a text's beginning are the name of a place.
fn named(division: &Division, text: &str) -> Option<usize> {
    if text.starts_with(&division.full) {
        return Some(division.full.len());
    }
    let rest = text.strip_prefix(division.short)?;
    // One letter alone is no name of a place.
    let is_name = division.short.chars().count() > 1 && !rest.starts_with(OF_STREETS);
    is_name.then_some(division.short.len())
}

fn count(text: &str, bytes: usize) -> usize {
    text.get(..bytes).map_or(0, |text| text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::{Found, parse};

    fn told(address: &str) -> String {
        match parse(address) {
            Found::One(region, rest) => format!("{} {} {rest}", region.code, region.level().name()),
            Found::Several(regions) => {
                let mut codes: Vec<_> = regions.iter().map(|region| region.code.to_string()).collect();
                codes.sort();
                format!("? {}", codes.join(" "))
            }
            Found::Nowhere => "nowhere".to_owned(),
        }
    }

    #[test]
    fn an_address_is_about_the_innermost_place_it_names() {
        for (address, wanted) in [
            ("浙江省金华市义乌市后宅街道集运路18号", "330782 district 后宅街道集运路18号"),
            ("浙江 义乌 后宅街道", "330782 district 后宅街道"),
            ("中国，广东省，深圳市，宝安区福永街道空港路9号", "440306 district 福永街道空港路9号"),
            ("广东省东莞市虎门镇港口大道21号", "441900 city 虎门镇港口大道21号"),
            ("北京市朝阳区建国路1号", "110105 district 建国路1号"),
            ("北京市北京市海淀区", "110108 district "),
            ("上海浦东新区世纪大道", "310115 district 世纪大道"),
            ("吉林省吉林市", "220200 city "),
            ("吉林市船营区", "220200 city 船营区"),
            ("辽宁省朝阳市", "211300 city "),
            ("内蒙古自治区呼和浩特市", "150100 city "),
            ("内蒙古锡林郭勒盟", "152500 city "),
            ("青海海南藏族自治州", "632500 city "),
            ("海南省琼海市", "469002 district "),
            ("恩施土家族苗族自治州", "422800 city "),
            ("新疆 乌鲁木齐", "650100 city "),
            ("台湾省台北市", "710000 province 台北市"),
            ("王小明 13800000000 浙江省杭州市西湖区文三路", "330106 district 文三路"),
            ("上海市黄浦区北京东路100号", "310101 district 北京东路100号"),
            ("上海市王先生黄浦区", "310101 district "),
            ("浙江省某县", "330000 province 某县"),
            ("河北省石家庄市新华区", "130105 district "),
        ] {
            assert_eq!(told(address), wanted, "{address}");
        }
    }

    #[test]
    fn what_may_be_several_places_is_told_as_several() {
        for (address, wanted) in [
            ("吉林", "? 220000 220200"),
            ("朝阳区建国路", "? 110105 220104"),
            ("鼓楼区", "? 320106 320302 350102 410204"),
            ("江北区", "? 330205 500105"),
            ("北京市和上海市", "? 110000 310000"),
            ("海南", "? 460000 632500"),
        ] {
            assert_eq!(told(address), wanted, "{address}");
        }
    }

    #[test]
    fn names_of_streets_are_no_places() {
        for address in ["", "   ", "北京路1号", "中山大道", "Shibuya, Tokyo", "1-1-1", "南京里", "某某街道"]
        {
            assert_eq!(told(address), "nowhere", "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_it_ends_with_an_answer(text in "[北京市海南吉林省朝阳区江a1 ,路]{0,40}") {
            let _ = parse(&text);
        }
    }
}
