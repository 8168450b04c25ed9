/* common.js 全站公用 */
$(function () {
  if ($('.swiper-container').length) {
    new Swiper('.swiper-container', { autoplay: { delay: 4000 }, loop: true, pagination: { el: '.swiper-pagination' } });
  }
  $('.nav a').each(function () {
    if (this.pathname === location.pathname) { $(this).addClass('cur'); }
  });
  $(window).scroll(function () {
    if ($(this).scrollTop() > 300) { $('.gotop').fadeIn(); } else { $('.gotop').fadeOut(); }
  });
  $('.gotop').click(function () { $('html,body').animate({ scrollTop: 0 }, 300); });
  // 手机端折叠菜单
  $('.menu-btn').on('click', function () { $('.nav').toggleClass('open'); });
  // 出诊表横向滚动
  $('.content table').wrap('<div class="table-scroll"></div>');
});
