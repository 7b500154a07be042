// The client in npm websocket's own readme: a WebSocketClient, with or without a subprotocol.
const readline = require("readline");
const { client: WebSocketClient } = require("websocket");

const [url, protocol] = process.argv.slice(2);
const client = new WebSocketClient();

client.on("connectFailed", (error) => console.log(`failed ${error}`));
client.on("connect", (connection) => {
  console.log(`open ${connection.protocol}`);
  connection.on("error", (error) => console.log(`error ${error}`));
  connection.on("close", (code) => {
    console.log(`closed ${code}`);
    process.stdin.destroy();
  });
  connection.on("message", (message) => {
    if (message.type === "utf8") console.log(`message ${message.utf8Data}`);
    else console.log(`binary ${message.binaryData.toString("hex")}`);
  });
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line.startsWith("0x")) connection.sendBytes(Buffer.from(line.slice(2), "hex"));
    else connection.sendUTF(line);
  });
  lines.on("close", () => connection.close());
});
client.connect(url, protocol, "http://localhost:3000");
