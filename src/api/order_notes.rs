//! Notes: what a partner writes to the supplier after ordering.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::api::order_view::OrderView;
use crate::api::orders::OrderPath;
use crate::api::plain_text::check_note;
use crate::edge::parts::{Json, Path};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Place;
use crate::orders::Orders;

/// A note to the supplier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNote)]
pub struct NoteBody {
    /// The words, best in Chinese; they take the place of an earlier note.
    #[schema(min_length = 1, max_length = 500, example = "请用纸箱包装")]
    note: String,
}

impl NoteBody {
    fn read(&self) -> Result<&str, Problem> {
        let mut asked = Asked::default();
        check_note(&mut asked, &self.note);
        if self.note.trim().is_empty() {
            asked.wrong(Place::body("/note", "1 to 500 characters"));
        }
        asked.done(Some(self.note.as_str()))
    }
}

/// The path and body of a note.
type NoteParts = (Path<OrderPath>, Json<NoteBody>);

/// Writes to the supplier: the note takes the place of the one before, which stays among the order's events. Repeating it
/// is harmless. Possible from `awaiting_payment` on until the order has ended.
#[utoipa::path(tag = "Orders", params(OrderPath), request_body = NoteBody, responses(
    (status = 200, description = "The order with its note", body = OrderView),
    (status = 404, description = "`order_not_found`"),
    (status = 409, description = "`order_state_conflict`: `state` says where it stands, `detail` what to do"),
))]
#[post("/v1/orders/{order_id}/notes")]
pub async fn create_order_note(
    request: HttpRequest,
    call: Admitted<op::CreateOrderNote, NoteParts>,
    orders: Data<Orders>,
) -> Reply {
    let (Path(path), Json(body)) = &call.parts;
    let order = orders.add_note(&call.caller, &path.id()?, body.read()?).await?;
    reply::written(&request, StatusCode::OK, &OrderView::whole(&order))
}

#[cfg(test)]
mod tests {
    use super::NoteBody;

    #[test]
    fn a_note_has_words_that_can_be_kept() {
        for wrong in ["", "  ", "a\0b", &"x".repeat(501)] {
            assert!(NoteBody { note: wrong.to_owned() }.read().is_err(), "{wrong:?}");
        }
        assert_eq!(NoteBody { note: "请用纸箱包装".into() }.read().unwrap(), "请用纸箱包装");
    }
}
