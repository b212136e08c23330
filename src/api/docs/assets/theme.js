// Sets the colours before anything is painted, so that a dark page never flashes white. The switch is in page.js.
try {
  const chosen = localStorage.getItem("xunyuan-colours");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; then the system's colours it is.
}
