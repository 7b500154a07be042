// What somebody does on the page, as fast as it goes, by the page's own elements: messages, replies in a thread, edits and reactions.
async ({ name, other, count, ahead, emoji }) => {
  const frame = () => new Promise(requestAnimationFrame);
  /** Wait until there is something; meanwhile the network comes back now and then, as the browser tells the page. */
  const until = async (find) => {
    for (let frames = 1; ; frames++) {
      const found = find();
      if (found) return found;
      await frame();
      if (frames % 30 === 0) dispatchEvent(new Event("online"));
    }
  };
  const write = (field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const say = (composer, text) => {
    const field = document.querySelector(`${composer} textarea`);
    write(field, text);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  };
  const point = (row) => row.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, pointerType: "mouse" }));
  const rows = (text) => [...document.querySelectorAll("#scroller .log .message")].filter((row) => row.querySelector(".body")?.textContent === text);

  /** Press one of a message's buttons; what else the pointer is over, as the browser sees it, does not count. */
  const press = async (row, button) => {
    const found = await until(() => {
      point(row);
      return row.querySelector(button);
    });
    found.click();
  };

  const edit = async (i) => {
    const row = await until(() => rows(`${name} ${i}`)[0]);
    await press(row, ".tools .edit");
    write(await until(() => row.querySelector(".editor textarea")), `${name} ${i} anew`);
    await frame();
    row.querySelector(".editing .primary").click();
    await until(() => !row.querySelector(".editor"));
  };
  const react = async (i) => {
    const row = await until(() => [`${other} ${i}`, `${other} ${i} anew (edited)`].flatMap(rows)[0]);
    await press(row, ".tools .react");
    await press(row, `.tools [aria-label$="${emoji}"]`);
  };

  for (let i = 0; i < count + ahead; i++) {
    await trouble(name, i);
    if (i < count) {
      say("#composer", `${name} ${i}`);
      await frame();
      say("#thread-composer", `${name} replies ${i}`);
      await frame();
    }
    if (i < ahead) continue;
    await edit(i - ahead);
    await react(i - ahead);
  }
};
