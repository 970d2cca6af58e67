use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> {
        Box::new(GreetingPlugin { greeting: "hello".to_string() })
    });
}}

/// One for each configuration of the filter, on each worker of the proxy.
struct GreetingPlugin {
    greeting: String,
}

impl Context for GreetingPlugin {}

impl RootContext for GreetingPlugin {
    fn on_configure(&mut self, _size: usize) -> bool {
        if let Some(bytes) = self.get_plugin_configuration() {
            match String::from_utf8(bytes) {
                Ok(text) if !text.is_empty() => self.greeting = text,
                Ok(_) => {}
                Err(_) => {
                    log::error!("the configuration is not UTF-8");
                    return false;
                }
            }
        }
        log::info!("greets with \"{}\"", self.greeting);
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(GreetingFilter {
            greeting: self.greeting.clone(),
            who: "world".to_string(),
        }))
    }
}

/// One for each request.
struct GreetingFilter {
    greeting: String,
    who: String,
}

impl Context for GreetingFilter {}

impl HttpContext for GreetingFilter {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        if let Some(name) = self.get_http_request_header("x-name") {
            self.who = name;
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let text = format!("{}, {}", self.greeting, self.who);
        self.set_http_response_header("x-greeting", Some(&text));
        Action::Continue
    }
}
