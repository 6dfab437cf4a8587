// Lines of equal density.

const SIZE = 96; // cells on a side of the histogram
const QUANTILES = [0.3, 0.55, 0.75, 0.9]; // of the cells that hold points: where the lines run

// A blurred histogram of the points, cut at four levels by marching squares: [{level, lines: [[x0, y0, x1, y1]]}].
export function contours(xy, n) {
  const grid = density(xy, n);
  const filled = grid.filter((v) => v > 0.05).sort();
  return QUANTILES.map((quantile, level) => ({
    level,
    lines: linesAt(grid, filled[Math.floor(quantile * (filled.length - 1))] ?? 0),
  }));
}

function density(xy, n) {
  let grid = new Float32Array(SIZE * SIZE);
  const cell = (v) => Math.min(SIZE - 1, Math.floor(v * SIZE));
  for (let i = 0; i < n; i++) grid[cell(xy[2 * i + 1]) * SIZE + cell(xy[2 * i])]++;
  for (let pass = 0; pass < 6; pass++) {
    const next = new Float32Array(SIZE * SIZE), step = pass % 2 ? SIZE : 1;
    for (let c = 0; c < next.length; c++) next[c] = ((grid[c - step] ?? 0) + 2 * grid[c] + (grid[c + step] ?? 0)) / 4;
    grid = next;
  }
  return grid;
}

function linesAt(grid, cut) {
  const lines = [];
  for (let row = 0; row < SIZE - 1; row++)
    for (let column = 0; column < SIZE - 1; column++) {
      const cross = crossings(grid, cut, row, column);
      for (let k = 0; k + 1 < cross.length; k += 2) lines.push([...cross[k], ...cross[k + 1]]);
    }
  return lines;
}

// Where the level crosses the sides of a cell.
function crossings(grid, cut, row, column) {
  const at = row * SIZE + column, cross = [];
  const corners = [[0, 0, at], [1, 0, at + 1], [1, 1, at + SIZE + 1], [0, 1, at + SIZE]];
  for (const [k, [x0, y0, a]] of corners.entries()) {
    const [x1, y1, b] = corners[(k + 1) % 4];
    if (grid[a] > cut === grid[b] > cut) continue;
    const along = (cut - grid[a]) / (grid[b] - grid[a]);
    cross.push([(column + x0 + along * (x1 - x0) + 0.5) / SIZE, (row + y0 + along * (y1 - y0) + 0.5) / SIZE]);
  }
  return cross;
}
