"""URLs of accounts, teammates, invitations and the person's own login."""

from django.urls import path

from accounts.views import accept, account, activity, invitations, profile, rescue, session, teammates

app_name = "accounts"
urlpatterns = [
    path("<int:account_id>/", account.open_account, name="open"),
    path("<int:account_id>/teammates/", teammates.teammate_list, name="teammate_list"),
    path("<int:account_id>/teammates/invite/", invitations.invite, name="invite"),
    path("<int:account_id>/teammates/<int:membership_id>/", teammates.teammate, name="teammate"),
    path("<int:account_id>/teammates/<int:membership_id>/access/", teammates.teammate_access, name="teammate_access"),
    path("<int:account_id>/teammates/<int:membership_id>/remove/", teammates.teammate_remove, name="teammate_remove"),
    path("<int:account_id>/ask-for-access/", teammates.access_ask, name="access_ask"),
    path("<int:account_id>/leave/", teammates.leave, name="leave"),
    path(
        "<int:account_id>/invitations/<int:invitation_id>/resend/",
        invitations.invitation_resend,
        name="invitation_resend",
    ),
    path(
        "<int:account_id>/invitations/<int:invitation_id>/revoke/",
        invitations.invitation_revoke,
        name="invitation_revoke",
    ),
    path("<int:account_id>/invitations/<int:invitation_id>/link/", invitations.invitation_link, name="invitation_link"),
    path("<int:account_id>/settings/", account.account_settings, name="account_settings"),
    path("<int:account_id>/settings/save/", account.account_settings_save, name="account_settings_save"),
    path("<int:account_id>/activity/", activity.activity_list, name="activity_list"),
    path("<int:account_id>/activity.csv", activity.activity_csv, name="activity_csv"),
    path("invitation/<str:secret>/", accept.invitation, name="invitation"),
    path("invitation/<str:secret>/decline/", accept.invitation_decline, name="invitation_decline"),
    path("invitation/<str:secret>/ask-again/", accept.invitation_ask_again, name="invitation_ask_again"),
    path("rescue/<str:secret>/", rescue.rescue, name="rescue"),
    path("second-factor/", account.second_factor_required, name="second_factor_required"),
    path("me/", profile.profile, name="profile"),
    path("me/appearance/", profile.appearance, name="appearance"),
    path("me/email/", profile.email_change, name="email_change"),
    path("me/email/cancel/", profile.email_change_cancel, name="email_change_cancel"),
    path("me/email/confirm/<str:secret>/", profile.email_confirm, name="email_confirm"),
    path("me/session/", session.session, name="session"),
    path("me/sessions/<int:session_id>/end/", profile.session_end, name="session_end"),
    path("me/delete/", profile.login_delete, name="login_delete"),
]
