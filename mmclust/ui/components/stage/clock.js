// The clock: the slider over the epochs and the marks of what happened.

const SIGNS = { stage: "▮", "learning rate": "▼", intervention: "◆", fork: "⑂", collapse: "✖", best: "★" };
const COLORS = { stage: "#6c7ce0", "learning rate": "#b18a1f", intervention: "#cf5c9d", fork: "#cf5c9d", collapse: "#d64545", best: "#2f8f4e" };

export function listenToClock(stage) {
  stage.find("play").onclick = () => stage.toggle();
  stage.find("scrub").oninput = (event) => {
    stage.pause();
    stage.goTo(stage.timeAt(Number(event.target.value)));
  };
}

export function showClock(stage) {
  if (!stage.moments) return;
  const scrub = stage.find("scrub"), play = stage.find("play"), [from, to] = stage.span;
  scrub.min = from;
  scrub.max = to;
  scrub.value = stage.epoch;
  const { data, moment } = stage;
  scrub.setAttribute("aria-valuetext", `epoch ${moment.epoch} of ${data.epochs}`);
  play.textContent = stage.playing ? "Pause" : "Play";
  play.setAttribute("aria-pressed", Boolean(stage.playing));
  const follows = data.live && stage.time >= stage.last && !stage.playing;
  stage.find("now").textContent = follows ? "live" : data.live ? "behind live" : `of ${data.epochs} epochs`;
}

// One button for each mark; it takes the play head there.
export function showMarks(stage) {
  if (!stage.moments) return;
  const [from, to] = stage.span;
  stage.find("marks").replaceChildren(
    ...stage.data.marks.map((mark) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = SIGNS[mark.kind];
      button.title = `Epoch ${Math.round(mark.epoch)}: ${mark.text}`;
      button.setAttribute("aria-label", button.title);
      button.style.left = `${(100 * (mark.epoch - from)) / (to - from)}%`;
      button.style.setProperty("--mark", COLORS[mark.kind]);
      button.onclick = () => {
        stage.pause();
        stage.goTo(Math.round(stage.timeAt(mark.epoch)));
      };
      return button;
    }),
  );
}

export const markColor = (mark) => COLORS[mark.kind];
