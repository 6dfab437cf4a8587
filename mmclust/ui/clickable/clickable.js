// A grid of samples whose pictures can be clicked: the number of the picked one goes to the server.

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector("div");
  if (host.shown !== data.html) {
    host.innerHTML = host.shown = data.html;
    host.querySelectorAll("li").forEach((cell, number) => {
      cell.tabIndex = 0;
      cell.setAttribute("role", "button");
      cell.style.cursor = "pointer";
      cell.onclick = () => setTriggerValue("picked", number);
      cell.onkeydown = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        cell.onclick();
      };
    });
  }
  host.querySelectorAll("li").forEach((cell, number) => {
    const label = cell.querySelector("img")?.alt ?? "";
    cell.setAttribute("aria-label", `${label}. ${data.help}`);
    cell.setAttribute("aria-pressed", number === data.chosen);
    cell.style.outline = number === data.chosen ? "2px solid var(--st-primary-color)" : "";
  });
}
