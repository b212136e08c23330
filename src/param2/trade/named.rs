//! What is named in parameters: orders by number, and lists of numbers as clients of several ages write them.

use serde_json::Value;

use crate::edge::problem::Problem;
use crate::error::{Code, Failure};
use crate::model::ids::CatalogueOrderId;
use crate::model::order::{Order, Reference};
use crate::orders::{Error, Orders};
use crate::param2::asked::Asked;
use crate::param2::fault::Refusal;

/// The order whose number this parameter is.
pub async fn order(asked: &Asked, parameter: &str) -> Result<Order, Refusal> {
    numbered(asked, asked.need_long(parameter)?).await
}

/// The order of a number.
pub async fn numbered(asked: &Asked, number: i64) -> Result<Order, Refusal> {
    numbered_or(asked, number, Refusal::from).await
}

/// The same, told as missing in the call's own words.
pub async fn numbered_or(asked: &Asked, number: i64, refuse: impl Fn(Error) -> Refusal) -> Result<Order, Refusal> {
    let found = asked.room::<Orders>()?.by_number(&asked.caller, CatalogueOrderId::new(number)).await;
    own(asked, found.map_err(&refuse)?, refuse).await
}

/// The order of one of the partner's own numbers.
pub async fn referred(asked: &Asked, reference: &Reference) -> Result<Order, Refusal> {
    let found = asked.room::<Orders>()?.by_reference(&asked.caller, reference).await?;
    own(asked, found, Refusal::from).await
}

/// The order, unless it was placed for another account than the token's: then it is as if there were none.
pub async fn own(asked: &Asked, order: Order, refuse: impl Fn(Error) -> Refusal) -> Result<Order, Refusal> {
    match asked.room::<Orders>()?.is_seen_by(&asked.caller, &order, &asked.account).await {
        Ok(true) => Ok(order),
        Ok(false) => Err(refuse(Error::OrderNotFound)),
        Err(error) => Err(refuse(error)),
    }
}

/// The account that an order was placed for, as whoever sees it is told.
pub async fn buyer(asked: &Asked, order: &Order) -> Result<String, Refusal> {
    match asked.is_branch() {
        true => Ok(asked.account.clone()),
        false => Ok(asked.room::<Orders>()?.buyer_of(&asked.caller, order).await?),
    }
}

/// A list of numbers: `[1,2]`, `["1","2"]` or `1,2`; each once.
pub fn numbers(asked: &Asked, parameter: &str) -> Result<Vec<i64>, Refusal> {
    let text = asked.need(parameter)?;
    let read = split(text).ok_or_else(|| Refusal::invalid(parameter, "a list of whole numbers is wanted"))?;
    if read.is_empty() { Err(Refusal::missing(parameter)) } else { Ok(read) }
}

/// A list of texts: `["a","b"]` or `a,b`.
pub fn texts(asked: &Asked, parameter: &str) -> Vec<String> {
    asked.text(parameter).map(words).unwrap_or_default()
}

fn split(text: &str) -> Option<Vec<i64>> {
    let mut numbers = Vec::new();
    for word in words(text) {
        let number = word.parse().ok().filter(|number| *number > 0)?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Some(numbers)
}

fn words(text: &str) -> Vec<String> {
    match serde_json::from_str(text) {
        Ok(Value::Array(items)) => items.iter().map(word).filter(|word| !word.is_empty()).collect(),
        // Also `[http://…]`, as the platform's own examples are written.
        _ => bare(text).split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect(),
    }
}

fn bare(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text)
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
}

/// A room's failure under the platform's own code, where the table has one.
pub fn coded<F: Failure>(table: &'static [(Code, &'static str)]) -> impl Fn(F) -> Refusal {
    move |failure| {
        let problem = Problem::from(failure);
        match table.iter().find(|(code, _)| *code == problem.code()) {
            Some((_, theirs)) => Refusal::own(theirs, problem.told()),
            None => problem.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{split, words};

    #[test]
    fn texts_may_stand_without_quotes() {
        for text in ["[\"http://a/b\",\"c\"]", "[http://a/b, c]", "http://a/b,c"] {
            assert_eq!(words(text), ["http://a/b", "c"], "{text}");
        }
    }

    #[test]
    fn lists_of_numbers_are_read_in_every_spelling() {
        for text in ["[1,2]", "[\"1\",\"2\"]", "1,2", " 1 , 2 ", "[1,2,1]"] {
            assert_eq!(split(text), Some(vec![1, 2]), "{text}");
        }
        assert_eq!(split("7"), Some(vec![7]));
        assert_eq!(split("[]"), Some(vec![]));
        for wrong in ["x", "[1.5]", "1,x", "[0]", "-1", "{}", "[null]"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
