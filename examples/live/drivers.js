// Drivers on their way: node drivers.js [COUNT] [SERVER]. Each is a client of its own, as a phone would be, and says where it is twice a second.
import { connect } from "../../web/sdk/hubbub.ts"; // in your program: from "hubbub"

const [count = "5", server = "http://localhost:8181"] = process.argv.slice(2);

async function drive(name) {
  const client = connect(server, { name });
  const tour = await client.follow("berlin");
  let [lat, lon, course] = [52.52, 13.4, Math.random() * 2 * Math.PI];
  for (;;) {
    course += Math.random() - 0.5;
    lat += 0.0006 * Math.sin(course);
    lon += 0.001 * Math.cos(course);
    await tour.signal("place", { lat, lon }, { ttl: 10 }); // kept nowhere, and gone 10 s after the last
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

for (let i = 1; i <= Number(count); i++) drive(`driver-${i}`);
console.log(`${count} drivers are on their way`);
