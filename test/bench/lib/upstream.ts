import http from "node:http";

// The upstream of all scenarios: `/` gives a short text, `/bytes/N` a body of N bytes. Run as a process:
//   node upstream.ts PORT
const chunk = Buffer.alloc(65_536, "x");

const server = http.createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const size = /^\/bytes\/(\d+)$/.exec(request.url ?? "")?.[1];
  if (size === undefined) {
    response.writeHead(200, { "content-type": "text/plain", "content-length": 12 });
    response.end("hello world\n");
    return;
  }
  let left = Number(size);
  response.writeHead(200, { "content-length": left });
  const write = (): void => {
    while (left > 0) {
      const part = left >= chunk.length ? chunk : chunk.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) return void response.once("drain", write);
    }
    response.end();
  };
  write();
});
server.listen(Number(process.argv[2]), "127.0.0.1");
