(() => {
  const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const channel = (value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([red, green, blue]) =>
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const screen = document.documentElement;
  const found = { texts: 0, contrast: [], outside: [], cut: [], small: [], targets: [] };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!words || element.closest(".hidden") || element.closest(".bar, .gap")) continue;
    found.texts += 1;
    const ratio = contrast(parse(style.color), background(element));
    if (ratio < 4.5) found.contrast.push([words.slice(0, 40), Math.round(ratio * 100) / 100]);
    if (parseFloat(style.fontSize) < 12) found.small.push(words.slice(0, 40));
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    for (const box of range.getClientRects()) {
      if (box.left < -0.5 || box.right > screen.clientWidth + 0.5) found.outside.push(words.slice(0, 40));
    }
    for (let at = element; at; at = at.parentElement) {
      const hides = getComputedStyle(at).overflowX !== "visible" || getComputedStyle(at).overflowY !== "visible";
      if (hides && at !== document.body && (at.scrollWidth > at.clientWidth || at.scrollHeight > at.clientHeight))
        found.cut.push(words.slice(0, 40));
    }
  }
  for (const link of document.querySelectorAll(".press")) {
    const box = link.closest(".button").getBoundingClientRect();
    if (box.height < 40 || box.width < 44) found.targets.push(link.textContent);
  }
  found.scrolls = screen.scrollWidth > screen.clientWidth;
  found.width = screen.clientWidth;
  found.direction = getComputedStyle(document.querySelector(".card, body")).direction;
  found.title = document.title;
  found.firstScreen = [...document.querySelectorAll("h1, .found, .hurt, .calm, .button")]
    .filter((element) => element.getBoundingClientRect().bottom <= 640)
    .map((element) => element.className || element.tagName);
  return found;
})()
