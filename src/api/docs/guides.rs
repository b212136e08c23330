//! The pages that are the same for everyone: the reference's frame, the guides, and "there is no such page".
//! Their words are in `pages/`; the reference itself is drawn in the browser from `/openapi/partner.json`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::api::docs::answer::html;
use crate::api::docs::assets;
use crate::api::docs::lives::{self, Life, Standing};
use crate::api::docs::spans::{self, Span};

/// What every page needs for its head, its navigation and its assets.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The page's name in the window's title.
    pub title: &'static str,
    /// Which entry of the navigation it belongs to.
    pub here: &'static str,
    /// The folder of the assets.
    pub release: &'static str,
}

impl Frame {
    /// Makes the frame of a page.
    pub fn of(title: &'static str, here: &'static str) -> Self {
        Self { title, here, release: assets::release() }
    }
}

macro_rules! pages {
    ($( $page:ident at $path:literal in $file:literal: $title:literal $(, $more:ident: $type:ty = $made:expr)?; )*) => {
        $(
            #[derive(Template)]
            #[template(path = $file, config = "src/api/docs/askama.toml")]
            struct $page {
                frame: Frame,
                $( $more: $type, )?
            }
        )*

        /// Registers the guides, relative to `/docs`.
        pub fn routes(cfg: &mut web::ServiceConfig) {
            $( cfg.service(crate::api::docs::page($path).route(crate::api::docs::reading().to(async |request: HttpRequest| {
                html(&request, StatusCode::OK, &$page { frame: Frame::of($title, $path) $(, $more: $made)? })
            }))); )*
        }
    };
}

pages! {
    Reference at "" in "reference.html": "API reference";
    Signing at "/signing" in "signing.html": "How to sign";
    Orders at "/orders" in "orders.html": "Orders and idempotency", life: Life = lives::of_orders();
    Payments at "/payments" in "payments.html": "Payments", life: Life = lives::of_payments();
    Webhooks at "/webhooks" in "webhooks.html": "Webhooks and events", kinds: Vec<Standing> = lives::types();
    Refunds at "/refunds" in "refunds.html": "Refunds", life: Life = lives::of_refunds();
    Consignments at "/consignments" in "consignments.html": "Consignments", life: Life = lives::of_consignments();
    Sourcing at "/sourcing" in "sourcing.html": "Source exchange and inquiries", life: Life = lives::of_inquiries();
    Limits at "/limits" in "limits.html": "Limits";
    Money at "/money" in "money.html": "Languages and money";
    Finding at "/finding" in "finding.html": "Pictures and links";
    Freshness at "/freshness" in "freshness.html": "How fresh answers are", spans: Vec<Span> = spans::all();
}

#[derive(Template)]
#[template(path = "missing.html", config = "src/api/docs/askama.toml")]
struct Missing {
    frame: Frame,
}

/// Answers for every address under `/docs` that is no page.
pub async fn missing(request: HttpRequest) -> HttpResponse {
    let page = Missing { frame: Frame::of("No such page", "none") };
    html(&request, StatusCode::NOT_FOUND, &page)
}
