//! What is said at a path or method that leads nowhere: 404, or 405 with the methods that would.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::OpenApi;

use crate::edge::problem::Problem;
use crate::error::Code;

/// The paths there are, with their methods; read off the OpenAPI document.
#[derive(Debug)]
pub struct Paths(Vec<(Vec<String>, Vec<&'static str>)>);

impl Paths {
    /// The paths of a document.
    pub fn of(document: &OpenApi) -> Self {
        let rows = document.paths.paths.iter().map(|(path, item)| {
            let methods = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
            let there = methods.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method);
            (path.split('/').map(str::to_owned).collect(), there.collect())
        });
        Self(rows.collect())
    }

    fn methods(&self, path: &str) -> Vec<&'static str> {
        let parts: Vec<_> = path.split('/').collect();
        let fits = |pattern: &[String]| {
            pattern.len() == parts.len()
                && pattern
                    .iter()
                    .zip(&parts)
                    .all(|(want, part)| (want.starts_with('{') && !part.is_empty()) || want == part)
        };
        self.0.iter().filter(|(pattern, _)| fits(pattern)).flat_map(|(_, methods)| methods.clone()).collect()
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
    use super::Paths;

    #[test]
    fn a_known_path_tells_its_methods_and_an_unknown_one_none() {
        let row =
            |path: &str, methods: &[&'static str]| (path.split('/').map(str::to_owned).collect(), methods.to_vec());
        let paths = Paths(vec![row("/v1/orders", &["GET", "POST"]), row("/v1/orders/{order_id}", &["GET"])]);
        assert_eq!(paths.methods("/v1/orders"), ["GET", "POST"]);
        assert_eq!(paths.methods("/v1/orders/x"), ["GET"]);
        assert!(paths.methods("/v1/orders/").is_empty() && paths.methods("/v1").is_empty());
    }
}
