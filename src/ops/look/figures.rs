//! How numbers and spans of time are written for people.

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count that came as a float, as metrics have it.
pub fn count(number: f64) -> String {
    grouped(whole(number))
}

/// The whole number of a float that counts; metrics never go below zero.
pub fn whole(number: f64) -> u64 {
    number.max(0.0).round() as u64
}

/// `12.3 %`, or a dash when there is nothing to take a share of.
pub fn share(part: f64, of: f64) -> String {
    if of <= 0.0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part / of) }
}

/// `0.42 ms`, `12 ms`, `1.3 s`.
pub fn duration(seconds: f64) -> String {
    match seconds * 1000.0 {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}

/// `5 s`, `12 min`, `3 h`, `4 d`: the largest unit that says something.
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min", s / 60),
        s if s < 2 * 86_400 => format!("{} h", s / 3_600),
        s => format!("{} d", s / 86_400),
    }
}

/// `0.4`, `12`, `1,234`: so many a second.
pub fn rate(number: f64) -> String {
    if number > 0.0 && number < 10.0 { format!("{number:.1}") } else { count(number) }
}

/// `512 B`, `3.4 MB`.
pub fn bytes(number: f64) -> String {
    let units = ["B", "kB", "MB", "GB"];
    let mut number = number.max(0.0);
    let mut at = 0;
    while number >= 1000.0 && at + 1 < units.len() {
        number /= 1000.0;
        at += 1;
    }
    let unit = units.get(at).copied().unwrap_or("");
    if at == 0 { format!("{number:.0} {unit}") } else { format!("{number:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::{bytes, duration, grouped, rate, share, span};

    #[test]
    fn figures_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 12_345, 1_234_567].map(grouped), ["0", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!([5, 60, 3_600, 86_400, 172_800].map(span), ["5 s", "1 min", "1 h", "24 h", "2 d"]);
        assert_eq!([0.00042, 0.012, 1.25].map(duration), ["0.42 ms", "12 ms", "1.2 s"]);
        assert_eq!((share(1.0, 8.0).as_str(), share(0.0, 0.0).as_str()), ("12.5 %", "–"));
        assert_eq!([0.0, 0.42, 12.3, 1_234.0].map(rate), ["0", "0.4", "12", "1,234"]);
        assert_eq!([0.0, 999.0, 3_400_000.0].map(bytes), ["0 B", "999 B", "3.4 MB"]);
    }
}
