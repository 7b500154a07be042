// Drivers on their way: node drivers.js [COUNT] [SERVER]. Each is a client of its own, as a phone would be. It says where it is twice a second,
// which is kept nowhere, and every two seconds posts it to the log as well, where its way stays.
import { connect } from "../../web/sdk/hubbub.ts"; // in your program: from "hubbub"

const [count = "5", server = "http://localhost:8181"] = process.argv.slice(2);
const CENTRE = { lat: 52.52, lon: 13.4 };

async function drive(name) {
  const client = connect(server, { name });
  const tour = await client.follow("berlin");
  let [{ lat, lon }, course] = [CENTRE, Math.random() * 2 * Math.PI];
  for (let step = 0; ; step++) {
    const isFar = Math.hypot((lat - CENTRE.lat) / 0.02, (lon - CENTRE.lon) / 0.05) > 1;
    course = isFar ? Math.atan2((CENTRE.lat - lat) / 0.6, CENTRE.lon - lon) : course + Math.random() - 0.5;
    lat += 0.0006 * Math.sin(course);
    lon += 0.001 * Math.cos(course);
    await tour.signal("place", { lat, lon }, { ttl: 10 });
    if (step % 4 === 0) tour.post(`${lat.toFixed(5)} ${lon.toFixed(5)}`); // in the outbox until it is stored
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

for (let i = 1; i <= Number(count); i++) drive(`driver-${i}`);
console.log(`${count} drivers are on their way`);
