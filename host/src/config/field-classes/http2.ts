import type { FieldClassTable } from "./types.ts";

const resets = "resets are judged by their share: of streams younger than a second, at most half";

/** HTTP/2, of connection managers and of clusters. */
export const http2Fields: FieldClassTable = {
  "envoy.config.core.v3.Http2ProtocolOptions": {
    implemented: [
      "hpack_table_size",
      "max_concurrent_streams",
      "initial_stream_window_size",
      "initial_connection_window_size",
      "allow_connect",
      "allow_metadata",
      "max_metadata_size",
      "max_outbound_frames",
      "max_outbound_control_frames",
      "max_consecutive_inbound_frames_with_empty_payload",
      "max_inbound_priority_frames_per_stream",
      "max_inbound_window_update_frames_per_data_frame_sent",
      "stream_error_on_invalid_http_messaging",
      "override_stream_error_on_invalid_http_message",
      "custom_settings_parameters",
      "connection_keepalive",
      "enable_huffman_encoding",
      "max_header_field_size_kb",
      "disallow_obs_text",
    ],
    harmless: { use_oghttp2_codec: "there is one codec" },
    refused: {
      stream_reset_burst: resets,
      stream_reset_rate: resets,
    },
  },
  "envoy.config.core.v3.Http2ProtocolOptions.SettingsParameter": {
    implemented: ["identifier", "value"],
  },
  "envoy.config.core.v3.KeepaliveSettings": {
    implemented: ["interval", "timeout", "interval_jitter", "connection_idle_interval"],
  },
};
