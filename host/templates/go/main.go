package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}
func init() { proxywasm.SetVMContext(&vm{}) }

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext {
	return &greetingPlugin{greeting: "hello"}
}

// One for each configuration of the filter, on each worker of the proxy.
type greetingPlugin struct {
	types.DefaultPluginContext
	greeting string
}

func (plugin *greetingPlugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogErrorf("the configuration cannot be read: %v", err)
		return types.OnPluginStartStatusFailed
	}
	if len(text) > 0 {
		plugin.greeting = string(text)
	}
	proxywasm.LogInfof("greets with %q", plugin.greeting)
	return types.OnPluginStartStatusOK
}

func (plugin *greetingPlugin) NewHttpContext(uint32) types.HttpContext {
	return &greetingFilter{greeting: plugin.greeting, who: "world"}
}

// One for each request.
type greetingFilter struct {
	types.DefaultHttpContext
	greeting string
	who      string
}

func (filter *greetingFilter) OnHttpRequestHeaders(int, bool) types.Action {
	if name, err := proxywasm.GetHttpRequestHeader("x-name"); err == nil {
		filter.who = name
	}
	return types.ActionContinue
}

func (filter *greetingFilter) OnHttpResponseHeaders(int, bool) types.Action {
	text := filter.greeting + ", " + filter.who
	if err := proxywasm.ReplaceHttpResponseHeader("x-greeting", text); err != nil {
		proxywasm.LogErrorf("the greeting cannot be set: %v", err)
	}
	return types.ActionContinue
}
