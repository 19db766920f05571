//! Routes that describe themselves: adding one to the router adds it to the document, from the same handler.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{Components, OpenApi, Paths};

use super::about::About;
use super::answers::Answers;
use super::arguments::Argument;
use super::sketch::Sketch;
use crate::http::App;

/// Routes, and what the document says of them.
pub(in crate::http) struct Routes {
    prefix: &'static str,
    router: Router<App>,
    paths: Paths,
    components: Components,
}

/// A handler whose signature is read. `A` are the types of its arguments.
pub(in crate::http) trait Described<A> {
    /// Adds what arguments and answer say.
    fn describe(sketch: &mut Sketch<'_>);
}

macro_rules! described {
    ($($argument:ident),*) => {
        impl<F, Fut, Out, $($argument),*> Described<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut,
            Fut: Future<Output = Out>,
            Out: Answers,
            $($argument: Argument,)*
        {
            fn describe(sketch: &mut Sketch<'_>) {
                $($argument::describe(sketch);)*
                Out::describe(sketch);
            }
        }
    };
}

described!();
described!(A);
described!(A, B);
described!(A, B, C);
described!(A, B, C, D);
described!(A, B, C, D, E);
described!(A, B, C, D, E, G);

impl Routes {
    /// None yet, all below a prefix.
    pub fn below(prefix: &'static str) -> Self {
        Self {
            prefix,
            router: Router::new(),
            paths: Paths::new(),
            components: Components::new(),
        }
    }

    /// A route that is read.
    pub fn get<H, M, A>(self, path: &str, handler: H, about: &About) -> Self
    where
        M: 'static,
        H: Handler<M, App> + Described<A>,
    {
        self.add(HttpMethod::Get, MethodFilter::GET, path, handler, about)
    }

    /// A route that makes something.
    pub fn post<H, M, A>(self, path: &str, handler: H, about: &About) -> Self
    where
        M: 'static,
        H: Handler<M, App> + Described<A>,
    {
        self.add(HttpMethod::Post, MethodFilter::POST, path, handler, about)
    }

    /// A route that changes something.
    pub fn put<H, M, A>(self, path: &str, handler: H, about: &About) -> Self
    where
        M: 'static,
        H: Handler<M, App> + Described<A>,
    {
        self.add(HttpMethod::Put, MethodFilter::PUT, path, handler, about)
    }

    /// A route that takes something back.
    pub fn delete<H, M, A>(self, path: &str, handler: H, about: &About) -> Self
    where
        M: 'static,
        H: Handler<M, App> + Described<A>,
    {
        self.add(
            HttpMethod::Delete,
            MethodFilter::DELETE,
            path,
            handler,
            about,
        )
    }

    fn add<H, M, A>(
        mut self,
        method: HttpMethod,
        filter: MethodFilter,
        path: &str,
        handler: H,
        about: &About,
    ) -> Self
    where
        M: 'static,
        H: Handler<M, App> + Described<A>,
    {
        let path = format!("{}{path}", self.prefix);
        let mut sketch = Sketch::new(about, &path, &mut self.components);
        H::describe(&mut sketch);
        let operation = sketch.finish();
        self.paths
            .add_path_operation(&path, vec![method], operation);
        self.router = self.router.route(&path, on(filter, handler));
        self
    }

    /// Both, with those of another prefix.
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.paths.merge(other.paths);
        self.components.schemas.extend(other.components.schemas);
        self.components.responses.extend(other.components.responses);
        self
    }

    /// The router, and the document.
    pub fn split(self) -> (Router<App>, OpenApi) {
        (self.router, super::assemble(self.paths, self.components))
    }
}
