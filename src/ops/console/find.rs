//! The search box: leads from anything that has an id or a number to where it is told of.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::model::ids::{DeliveryId, OrderId};
use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Person, asked};
use crate::ops::look::{Books, Trouble, partner};

/// Finds it.
pub async fn find(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let Some(sought) = asked(&request, "q") else { return answer::to("/console/orders") };
    let frame = Frame { sought: sought.clone(), ..Frame::still("Nothing found", &person) };
    match place(&console.books, &sought).await {
        Ok(Some(address)) => answer::to(&address),
        Ok(None) => {
            let text = format!(
                "Nothing is known of {sought:?}. The box finds orders by the partner's reference, our id or the catalogue's \
                 number; payments, refunds, consignments, quotes and events of an order; partners and their keys; webhook \
                 endpoints and deliveries; and requests that failed lately by their request id."
            );
            answer::trouble(frame, Trouble::Missing(text))
        }
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

async fn place(books: &Books, sought: &str) -> Result<Option<String>, Trouble> {
    if sought.parse::<OrderId>().is_ok() {
        return Ok(Some(format!("/console/orders/{sought}")));
    }
    if sought.starts_with("whe_") {
        return Ok(Some(format!("/console/webhooks/{sought}")));
    }
    if let Ok(delivery) = sought.parse::<DeliveryId>() {
        let endpoint = books.ledger.find_endpoint_of(&delivery).await?;
        return Ok(endpoint.map(|endpoint| format!("/console/webhooks/{endpoint}#{sought}")));
    }
    if let Some(failed) = partner::request(books, sought) {
        return Ok(Some(format!("/console/partners/{}#{sought}", failed.partner)));
    }
    if books.directory.find_partner(sought).is_some() {
        return Ok(Some(format!("/console/partners/{sought}")));
    }
    let keys = books.directory.list_keys(None).await?;
    if let Some(key) = keys.iter().find(|key| key.id == sought) {
        return Ok(Some(format!("/console/partners/{}", key.partner)));
    }
    if let Some(order) = books.ledger.find_order_of(sought).await? {
        return Ok(Some(format!("/console/orders/{order}")));
    }
    by_number(books, sought).await
}

/// Orders under a partner's reference or the catalogue's number: one is opened, several are listed.
async fn by_number(books: &Books, sought: &str) -> Result<Option<String>, Trouble> {
    let which = crate::ledger::Which {
        reference: sought.parse().ok(),
        number: sought.parse().ok(),
        ..crate::ledger::Which::default()
    };
    if which.reference.is_none() && which.number.is_none() {
        return Ok(None);
    }
    let found = books.ledger.list_all_orders(&which, None, 2).await?.items;
    Ok(match &found[..] {
        [] => None,
        [order] => Some(format!("/console/orders/{}", order.deed.id)),
        _ => {
            let q: String = url::form_urlencoded::byte_serialize(sought.as_bytes()).collect();
            Some(format!("/console/orders?q={q}"))
        }
    })
}
