//! What a task's message says, as far as an inquiry needs it: how many pieces are wanted, and the words to search by.

use crate::model::quote::Quantity;

/// What pieces are counted by; the longer ones first where one begins another.
const UNITS: [&str; 24] = [
    "pieces", "piece", "pcs", "pairs", "pair", "sets", "set", "units", "unit", "件", "个", "只", "双", "套", "条",
    "张", "块", "把", "支", "瓶", "盒", "包", "台", "本",
];
/// What says that something is wanted, and not what.
const WISHES: [&str; 12] =
    ["我想要", "我想", "我要", "请帮我", "请问", "帮我", "采购", "询价", "询盘", "需要", "的报价", "报价"];

/// The pieces that a message asks for: the first number that a measure word follows.
pub fn quantity(message: &str) -> Option<Quantity> {
    let (number, _, _) = counted(message)?;
    Quantity::new(number)
}

/// The words that are searched by: those of the message without links, pieces and politeness.
pub fn words(message: &str) -> String {
    let mut text = message.to_owned();
    if let Some((_, from, to)) = counted(message) {
        text.replace_range(from..to, " ");
    }
    for wish in WISHES {
        text = text.replace(wish, " ");
    }
    let letters = |letter: char| if letter.is_alphanumeric() { letter } else { ' ' };
    let named = text.split_whitespace().filter(|word| !word.contains("://"));
    let words: String = named.collect::<Vec<_>>().join(" ").chars().map(letters).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A number before a measure word, and the bytes that both take.
fn counted(text: &str) -> Option<(i64, usize, usize)> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find(|letter: char| letter.is_ascii_digit()) {
        let begin = from + at;
        let digits = text.get(begin..)?.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len() - begin);
        let end = begin + digits;
        let rest = text.get(end..)?;
        let unit = rest.trim_start();
        let found = UNITS.iter().find(|known| unit.get(..known.len()).is_some_and(|it| it.eq_ignore_ascii_case(known)));
        if let Some(found) = found {
            let number = text.get(begin..end)?.parse().ok()?;
            return Some((number, begin, end + (rest.len() - unit.len()) + found.len()));
        }
        from = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{quantity, words};

    #[test]
    fn pieces_are_the_first_number_that_is_counted() {
        let pieces = |text: &str| quantity(text).map(|quantity| quantity.get());
        assert_eq!(pieces("350ml 的陶瓷马克杯，采购200件，每件不超过9元"), Some(200));
        assert_eq!((pieces("500 PCS mugs"), pieces("20双袜子")), (Some(500), Some(20)));
        for none in ["陶瓷马克杯", "350ml", "0件", "", "99999999999999999999件", "件200"] {
            assert_eq!(pieces(none), None, "{none}");
        }
    }

    #[test]
    fn only_what_is_wanted_is_searched_by() {
        assert_eq!(words("我想采购200件陶瓷马克杯，请问报价"), "陶瓷马克杯");
        assert_eq!(words("https://detail.1688.com/offer/1.html 询价 500 pcs mugs, white"), "mugs white");
        assert_eq!(words("20双"), "");
    }
}
