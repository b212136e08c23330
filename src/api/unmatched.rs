//! What is said at a path or method that leads nowhere: 404, or 405 with the methods that would.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

use crate::edge::problem::Problem;
use crate::error::Code;

/// The paths there are, with their methods and operation ids; read off the OpenAPI document.
#[derive(Debug)]
pub struct Paths(Vec<Known>);

#[derive(Debug)]
struct Known {
    pattern: Vec<String>,
    operations: Vec<(&'static str, String)>,
}

impl Paths {
    /// The paths of a document.
    pub fn of(document: &OpenApi) -> Self {
        let rows = document.paths.paths.iter().map(|(path, item)| {
            let methods = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
            ];
            let id = |operation: &Operation| operation.operation_id.clone().unwrap_or_default();
            let there = methods.into_iter().filter_map(|(method, operation)| Some((method, id(operation.as_ref()?))));
            Known { pattern: path.split('/').map(str::to_owned).collect(), operations: there.collect() }
        });
        Self(rows.collect())
    }

    /// The id of the operation at this method and path.
    pub fn operation<'a>(&'a self, method: &str, path: &'a str) -> Option<&'a str> {
        self.at(path).find(|(there, _)| *there == method).map(|(_, id)| id.as_str())
    }

    fn methods(&self, path: &str) -> Vec<&'static str> {
        let there = self.at(path).map(|(method, _)| *method);
        // Whatever can be read can be asked for its head alone.
        there.flat_map(|method| if method == "GET" { vec!["GET", "HEAD"] } else { vec![method] }).collect()
    }

    fn at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a (&'static str, String)> {
        self.0.iter().filter(move |known| known.fits(path)).flat_map(|known| &known.operations)
    }
}

impl Known {
    fn fits(&self, path: &str) -> bool {
        let parts = path.split('/');
        parts.clone().count() == self.pattern.len()
            && self
                .pattern
                .iter()
                .zip(parts)
                .all(|(want, part)| (want.starts_with('{') && !part.is_empty()) || want == part)
    }
}

/// Answers whatever no route took.
pub async fn unmatched(request: HttpRequest, paths: Data<Paths>) -> Result<HttpResponse, Problem> {
    let methods = paths.methods(request.path());
    if methods.is_empty() {
        return Err(Problem::new(Code::NoSuchRoute));
    }
    let allow = methods.join(", ");
    let problem = Problem::new(Code::MethodNotAllowed).detail(format!("allowed here: {allow}"));
    Err(match HeaderValue::from_str(&allow) {
        Ok(value) => problem.header(header::ALLOW, value),
        Err(_) => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::{Known, Paths};

    fn known(path: &str, operations: &[(&'static str, &str)]) -> Known {
        Known {
            pattern: path.split('/').map(str::to_owned).collect(),
            operations: operations.iter().map(|(method, id)| (*method, (*id).to_owned())).collect(),
        }
    }

    #[test]
    fn a_known_path_tells_its_methods_and_an_unknown_one_none() {
        let paths = Paths(vec![
            known("/v1/orders", &[("GET", "list_orders"), ("POST", "create_order")]),
            known("/v1/orders/{order_id}", &[("GET", "get_order")]),
        ]);
        assert_eq!(paths.methods("/v1/orders"), ["GET", "HEAD", "POST"]);
        assert_eq!(paths.methods("/v1/orders/x"), ["GET", "HEAD"]);
        assert!(paths.methods("/v1/orders/").is_empty() && paths.methods("/v1").is_empty());
        assert_eq!(paths.operation("POST", "/v1/orders"), Some("create_order"));
    }
}
